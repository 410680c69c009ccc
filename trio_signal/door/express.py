"""The express lane: the Stream under trio-websocket, which hands complete text frames to the session as plain calls.

trio-websocket's reader task sleeps inside `receive_some`. While it does, the pump (or, without one, this task itself)
reads the socket; text messages go to `Handler.deliver` at once. The task is woken only for what a plain call cannot
do: bytes that wsproto must judge, a request that must wait, the end of the stream. While it is awake the pump leaves
the socket alone, so the requests of one connection are handled one after another, and back-pressure is TCP's.
"""

import trio

from trio_signal.door.frame_reader import FrameReader, Step
from trio_signal.door.pump import Pump
from trio_signal.door.transport import Transport
from trio_signal.protocol.codes import CloseCode
from trio_signal.protocol.frames import CLOSE_OPCODE
from trio_signal.protocol.messages import AnyRequest
from trio_signal.session.link import Handler, LinkBroken
from trio_signal.session.outbox import Outbox


class ExpressLane(trio.abc.Stream):
    """One connection's lane. `head` is the request head that trio-websocket is still to see."""

    __slots__ = (
        "_broken",
        "_closed",
        "_ended",
        "_handler",
        "_head",
        "_outbox",
        "_pump",
        "_reader",
        "_request",
        "_sleeper",
        "_stopped",
        "_transport",
        "close_sent",
        "fd",
    )

    def __init__(
        self, transport: Transport, pump: Pump | None, head: bytes, rest: bytes, max_message_bytes: int
    ) -> None:
        self._transport = transport
        self._pump = pump if transport.fd >= 0 else None
        self.fd = transport.fd
        self._head = head
        self._reader = FrameReader(max_message_bytes)
        self._reader.feed(rest)
        self._handler: Handler | None = None
        self._outbox: Outbox | None = None
        self._request: AnyRequest | None = None
        self._sleeper: trio.lowlevel.Task | None = None
        self._stopped = False
        self._ended = False
        self._broken = False
        self._closed = False
        self.close_sent = False
        """Whether a close frame has gone out, or tried to."""

    # What the link does with it

    def open(self, handler: Handler) -> None:
        """Deliver from now on."""
        self._handler = handler
        self._wake()

    def attach(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def stop(self) -> None:
        """Deliver nothing more; control frames still go up, so that the close handshake can end."""
        self._stopped = True
        self._reader.skip_data = True
        self._wake()

    def message_done(self) -> None:
        """The message that went up has been handled; the next one may be delivered."""
        self._reader.message_up = False
        self._wake()

    # What trio-websocket calls

    async def receive_some(self, max_bytes: int | None = None) -> bytes:  # noqa: ARG002 - the lane's own reads are bounded
        """Bytes for wsproto. Everything else that happens here is the lane's own business."""
        if self._head:
            head, self._head = self._head, b""
            return head
        while True:
            if self._request is not None:
                await self._finish_request()
            up = self._reader.take_up()
            if up:
                return up
            if self._closed:
                raise trio.ClosedResourceError
            if self._broken:
                raise trio.BrokenResourceError
            if self._handler is None or (self._reader.message_up and not self._stopped):
                await self._sleep()
            elif not self._advance():
                if self._ended:
                    return b""
                await self._read_more()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """trio-websocket's own frames: behind everything that is queued, and back only when written."""
        self.close_sent = self.close_sent or data[0] == CLOSE_OPCODE
        try:
            if self._outbox is None:
                await self._transport.write_all(bytes(data))
            else:
                await self._outbox.write_through(bytes(data))
        except LinkBroken:
            raise trio.BrokenResourceError from None

    async def wait_send_all_might_not_block(self) -> None:
        """Not used by trio-websocket; `send_all` itself waits."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """The WebSocket is over. The socket is closed by who opened it, after lingering."""
        self._closed = True
        self._wake()
        await trio.lowlevel.checkpoint()

    # What the pump calls

    def read_ready(self) -> None:
        """The socket is readable: read once, deliver, and wake the task if there is something for it."""
        try:
            if self._read_once():
                self._wake()
        except Exception as exc:  # noqa: BLE001 - a fault in one lane must not stop the pump
            self._broken = True
            self._wake()
            if self._handler is not None:
                self._handler.fail(exc)

    def _read_once(self) -> bool:
        """Whether the task has something to do now."""
        try:
            data = self._transport.read()
        except LinkBroken:
            self._broken = True
            return True
        if data is None:
            return False
        if not data:
            self._ended = True
            return True
        self._reader.feed(data)
        return self._advance()

    # Within

    def _advance(self) -> bool:
        """Deliver what is there; whether the task has something to do now."""
        handler, reader = self._handler, self._reader
        if handler is None:
            return False
        while True:
            step = reader.next()
            if type(step) is bytes:
                if self._stopped:
                    continue
                try:
                    request = handler.deliver(step)
                except Exception as exc:  # noqa: BLE001 - handed to the connection's own guard
                    handler.fail(exc)
                    continue
                if request is not None:
                    self._request = request
                    return True
            elif step is Step.MORE:
                return False
            elif step is Step.PONG:
                handler.pong()
            elif step is Step.TOO_BIG:
                handler.close(CloseCode.TOO_BIG)
            elif step is Step.UP:
                return True

    async def _finish_request(self) -> None:
        request, self._request = self._request, None
        if request is None or self._handler is None:
            return
        try:
            await self._handler.finish(request)
        except Exception as exc:  # noqa: BLE001 - handed to the connection's own guard
            self._handler.fail(exc)

    async def _read_more(self) -> None:
        """Wait until the pump has something for this task; without a pump, read."""
        if self._pump is not None:
            self._pump.add(self)
            try:
                await self._sleep()
            finally:
                # Cancelled; otherwise `_wake` has done it.
                self._pump.remove(self)
            return
        try:
            data = await self._transport.receive()
        except LinkBroken:
            self._broken = True
            return
        self._ended = not data
        self._reader.feed(data)

    async def _sleep(self) -> None:
        self._sleeper = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._sleeper = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        """Hand over to the task. The pump may have another pass before it runs: it must find nothing of this lane."""
        if self._pump is not None:
            self._pump.remove(self)
        if self._sleeper is not None:
            sleeper, self._sleeper = self._sleeper, None
            trio.lowlevel.reschedule(sleeper)
