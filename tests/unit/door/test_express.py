"""The express lane between a real socket and a handler: order, hand-over to the task, and back-pressure."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import trio

from trio_signal.door.express import ExpressLane
from trio_signal.door.pump import Pump, open_pump
from trio_signal.door.transport import PlainTransport
from trio_signal.protocol.codec import decode
from trio_signal.protocol.codes import CloseCode
from trio_signal.protocol.messages import AnyRequest, JoinRoom
from trio_signal.session.egress import Egress

MASK = b"\x01\x02\x03\x04"


def client_frame(payload: bytes, first: int = 0x81) -> bytes:
    """A masked frame as a client sends it."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    masked = bytes(byte ^ MASK[number % 4] for number, byte in enumerate(payload))
    return bytes([first]) + size + MASK + masked


class Recorder:
    """A handler: joins must wait (until `gate` opens), everything else is done at once."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = trio.Event()
        self.pongs = 0
        self.failures: list[Exception] = []
        self.closed: list[CloseCode] = []

    def deliver(self, message: bytes) -> AnyRequest | None:
        request = decode(message)
        if isinstance(request, JoinRoom):
            return request
        self.done.append(message.decode())
        if b"bang" in message:
            raise RuntimeError("bang")
        return None

    async def finish(self, request: AnyRequest) -> None:
        await self.gate.wait()
        assert isinstance(request, JoinRoom)
        self.done.append(request.room_id)

    def binary(self, message: bytes) -> None:
        raise NotImplementedError

    def pong(self) -> None:
        self.pongs += 1

    def close(self, code: CloseCode) -> None:
        self.closed.append(code)

    def fail(self, error: Exception) -> None:
        self.failures.append(error)


class Rig:
    """A lane on one end of a TCP connection, a client on the other."""

    def __init__(self, lane: ExpressLane, client: trio.SocketStream, pump: Pump, handler: Recorder) -> None:
        self.lane, self.client, self.pump, self.handler = lane, client, pump, handler
        self.up = b""
        self.ended = trio.Event()

    async def read(self) -> None:
        """What trio-websocket's reader task does."""
        while data := await self.lane.receive_some():
            self.up += data
        self.ended.set()


@asynccontextmanager
async def open_rig() -> AsyncIterator[Rig]:
    ours, theirs = socket.socketpair()
    stream, client = (trio.SocketStream(trio.socket.from_stdlib_socket(end)) for end in (ours, theirs))
    handler = Recorder()
    async with stream, client, open_pump(Egress()) as pump, trio.open_nursery() as nursery:
        assert pump is not None
        lane = ExpressLane(PlainTransport(stream), pump, b"HEAD", b"", 65536)
        rig = Rig(lane, client, pump, handler)
        nursery.start_soon(rig.read)
        lane.open(handler)
        yield rig
        await client.aclose()
        with trio.fail_after(5):
            await rig.ended.wait()
        assert len(pump) == 0
        nursery.cancel_scope.cancel()


def join(room_id: str) -> bytes:
    return client_frame(msgspec.json.encode({"type": "join-room", "roomId": room_id}))


async def until(condition: "trio.lowlevel.Task | object") -> None:
    """Let the others run until it holds."""
    with trio.fail_after(5):
        while not condition():  # type: ignore[operator]
            await trio.lowlevel.checkpoint()


async def test_text_is_delivered_and_nothing_goes_up() -> None:
    """Plain text frames, however they are split, reach the handler alone."""
    async with open_rig() as rig:
        for byte in client_frame(b'{"n":1}') + client_frame(b'{"n":2}'):
            await rig.client.send_all(bytes([byte]))
        await until(lambda: len(rig.handler.done) == 2)
        assert (rig.handler.done, rig.up) == (['{"n":1}', '{"n":2}'], b"HEAD")


async def test_control_frames_go_up_and_pongs_are_the_heartbeat() -> None:
    """A ping is trio-websocket's, a pong the handler's."""
    ping = client_frame(b"hi", first=0x89)
    async with open_rig() as rig:
        await rig.client.send_all(client_frame(b"", first=0x8A) + ping + client_frame(b'{"n":1}'))
        await until(lambda: rig.handler.done)
        assert (rig.handler.pongs, rig.up) == (1, b"HEAD" + ping)


async def test_what_follows_a_waiting_request_waits() -> None:
    """Nothing behind a join is delivered, nor even read, until the join is done."""
    async with open_rig() as rig:
        await rig.client.send_all(join("first") + client_frame(b'{"n":1}') + join("second") + client_frame(b'{"n":2}'))
        await trio.testing.wait_all_tasks_blocked()
        assert rig.handler.done == []
        assert len(rig.pump) == 0, "the pump leaves the socket alone"
        rig.handler.gate.set()
        await until(lambda: len(rig.handler.done) == 4)
        assert rig.handler.done == ["first", '{"n":1}', "second", '{"n":2}']


async def test_a_pass_before_the_woken_task_runs_takes_nothing() -> None:
    """A lane that has handed over is out of the pump at once: a waiting request is never overwritten."""
    async with open_rig() as rig:
        await trio.testing.wait_all_tasks_blocked()
        await rig.client.send_all(join("first"))
        rig.lane.read_ready()
        assert len(rig.pump) == 0
        await rig.client.send_all(join("second"))
        rig.handler.gate.set()
        await until(lambda: len(rig.handler.done) == 2)
        assert rig.handler.done == ["first", "second"]


async def test_a_failing_call_is_handed_to_its_connection() -> None:
    """The pump goes on, and so do the other messages."""
    async with open_rig() as rig:
        await rig.client.send_all(client_frame(b'{"n":"bang"}') + client_frame(b'{"n":2}'))
        await until(lambda: len(rig.handler.done) == 2)
        assert [str(error) for error in rig.handler.failures] == ["bang"]


async def test_a_message_over_the_limit_is_seen_by_its_header() -> None:
    """The handler hears of it before the payload has come, and the payload is dropped."""
    async with open_rig() as rig:
        await rig.client.send_all(b"\x81\xff" + (70_000).to_bytes(8, "big") + MASK)
        await until(lambda: rig.handler.closed)
        await rig.client.send_all(bytes(70_000))
        await until(lambda: rig.handler.closed == [CloseCode.TOO_BIG])
        assert (rig.handler.done, rig.up) == ([], b"HEAD")
