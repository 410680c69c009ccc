"""PROTOCOL.md 1 and 5: text frames only, their size, fragments, and the close codes of the rest."""

import json

import pytest
import trio

from tests.contract.conftest import Connect, Meet
from tests.harness.client import DEADLINE_S
from tests.harness.frames import BINARY, CONTINUATION, PING, TEXT, fragments, frame
from tests.harness.server import Server

LIMIT = 65536


def ping(request_id: int, size: int | None = None, fill: str = "x") -> str:
    """A ping request, filled up to `size` bytes where one is given."""
    text = f'{{"type":"ping","id":{request_id},"fill":""}}'
    if size is None:
        return text
    room = size - len(text)
    width = len(fill.encode())
    filling = fill * (room // width) + "x" * (room % width)
    return text[:-2] + filling + text[-2:]


def wide(number: int) -> str:
    return json.dumps({"type": "ping", "id": number, "fill": "방" * 50}, ensure_ascii=False)


BAD_FRAMES = {
    "a binary frame": ([frame(BINARY, b"\x00\x01")], 1003, "binary"),
    "JSON in a binary frame": ([frame(BINARY, b'{"type":"ping"}')], 1003, "binary"),
    "not UTF-8": ([frame(TEXT, b'{"type":"message","data":"\xff"}')], 1007, "not utf 8"),
    "an overlong sign": ([frame(TEXT, b'{"type":"\xc0\xaf"}')], 1007, "not utf 8"),
    "a surrogate in UTF-8": ([frame(TEXT, b'{"type":"message","data":"\xed\xa0\x80"}')], 1007, "not utf 8"),
    "half a sign at the end": ([frame(TEXT, b'{"type":"ping","x":"\xe2\x82')], 1007, "not utf 8"),
    "not UTF-8 in fragments": (fragments(b'{"type":"message","data":"\xff"}', 5, 20), 1007, "not utf 8"),
    "one byte too big": ([frame(TEXT, ping(1, LIMIT + 1))], 1009, "too big"),
    "too many bytes, few characters": ([frame(TEXT, ping(1, LIMIT + 2, "방"))], 1009, "too big"),
    "too big in fragments": (fragments(ping(1, LIMIT + 1), 100, 40_000), 1009, "too big"),
    "too many bytes, few characters, fragments": (
        fragments(ping(1, LIMIT + 2, "방"), 30_000),
        1009,
        "too big",
    ),
    "a frame too big that never ends": ([frame(TEXT, ping(1, 1 << 20))[:70_000]], 1009, "too big"),
}


@pytest.mark.parametrize(("frames", "code", "reason"), BAD_FRAMES.values(), ids=BAD_FRAMES)
async def test_a_bad_frame_ends_its_connection_and_no_other(
    meet: Meet, frames: list[bytes], code: int, reason: str
) -> None:
    """1003, 1007 or 1009 with the short name as reason; the neighbour sees `user-left` and goes on."""
    ann, bad = await meet("ann", "bad")
    for data in frames:
        await bad.send_bytes(data)
    closed = await bad.closed()
    left = await ann.event("user-left")
    assert (left["peerId"], left["reason"]) == (bad.peer_id, "disconnected")
    await ann.ok("ping")
    assert closed.code == code
    assert (closed.reason or "").replace("-", " ").lower() == reason


@pytest.mark.parametrize("fill", ["x", "방"])
async def test_a_message_of_exactly_the_limit_is_taken(connect: Connect, fill: str) -> None:
    """64 KiB, counted in bytes."""
    client = await connect()
    text = ping(1, LIMIT, fill)
    assert len(text.encode()) == LIMIT
    await client.send(text)
    assert (await client.reply(1))["success"] is True


async def test_fragments_of_exactly_the_limit_are_taken(connect: Connect) -> None:
    """64 KiB in three frames."""
    client = await connect()
    for part in fragments(ping(1, LIMIT, "방"), 1000, 40_001):
        await client.send_bytes(part)
    assert (await client.reply(1))["success"] is True


async def test_the_limit_is_configured_and_announced(connect: Connect, impatient: Server) -> None:
    """MAX_MESSAGE_BYTES moves both the limit and `maxMessageBytes`."""
    client = await connect(at=impatient)
    assert client.welcome["maxMessageBytes"] == 1024
    await client.send(ping(1, 1024))
    assert (await client.reply(1))["success"] is True
    await client.send(ping(2, 1025))
    assert (await client.closed()).code == 1009


async def test_fragments_make_one_message_wherever_they_are_cut(connect: Connect) -> None:
    """Also in the middle of a character, and with empty frames."""
    client = await connect()
    text = wide(5)
    middle_of_a_sign = text.encode().index("방".encode()) + 1
    for part in fragments(text, 0, 9, 9, middle_of_a_sign, middle_of_a_sign + 1):
        await client.send_bytes(part)
    assert (await client.reply(5))["success"] is True


async def test_a_control_frame_between_fragments_is_served(connect: Connect) -> None:
    """RFC 6455 section 5.4: a ping may come between; the message is complete all the same."""
    client = await connect()
    first, second = fragments(ping(1), 10)
    await client.send_bytes(first)
    with trio.fail_after(DEADLINE_S):
        await client.socket.ping(b"between")
    await client.send_bytes(second)
    assert (await client.reply(1))["success"] is True


async def test_fragmented_and_whole_messages_keep_their_order(meet: Meet) -> None:
    """Whole, fragmented, whole, in one write: answered and relayed in the order sent."""
    ann, bob = await meet("ann", "bob")
    wire = b""
    for number in range(60):
        text = json.dumps({"type": "message", "id": number, "data": number})
        wire += b"".join(fragments(text, 4, 20)) if number % 3 == 1 else frame(TEXT, text)
        if number % 7 == 0:
            wire += frame(PING, b"") + frame(TEXT, ping(1000 + number))
    await ann.send_bytes(wire)
    await ann.reply(59)
    assert [event["data"] for event in await bob.pending()] == list(range(60))
    answered = [number for number in ann.replies if number < 1000]
    assert answered == list(range(59))


async def test_many_messages_may_share_a_segment(connect: Connect) -> None:
    """Two hundred requests in one write, the last one cut in two."""
    client = await connect()
    wire = b"".join(frame(TEXT, ping(number)) for number in range(200))
    await client.send_bytes(wire[:-7])
    await client.reply(198)
    await client.send_bytes(wire[-7:])
    await client.reply(199)
    assert list(client.replies) == list(range(198))


async def test_a_message_may_come_byte_by_byte(connect: Connect) -> None:
    """TCP has no message borders."""
    client = await connect()
    for byte in frame(TEXT, ping(3)):
        await client.send_bytes(bytes([byte]))
    assert (await client.reply(3))["success"] is True


async def test_an_unfinished_message_blocks_nobody_else(meet: Meet) -> None:
    """One member stops in the middle of a frame, another in the middle of a message; the third is served."""
    ann, half, part = await meet("ann", "half", "part")
    await half.send_bytes(frame(TEXT, ping(1))[:11])
    await part.send_bytes(fragments(ping(1), 10)[0])
    assert (await ann.ok("message", data="all of you"))["delivered"] == 2


BREACHES = {
    "not masked": b"\x81\x02hi",
    "RSV1 without an extension": bytes([0xC1]) + frame(TEXT, "x")[1:],
    "a reserved opcode": bytes([0x83]) + frame(TEXT, "x")[1:],
    "nothing to continue": frame(CONTINUATION, "x"),
    "a control frame too long": frame(PING, b"x" * 126),
}


@pytest.mark.parametrize("data", BREACHES.values(), ids=BREACHES)
async def test_a_breach_of_the_websocket_protocol_is_closed_with_1002(connect: Connect, data: bytes) -> None:
    """RFC 6455 section 7.4.1."""
    client = await connect()
    await client.send_bytes(data)
    assert (await client.closed()).code == 1002


async def test_a_normal_close_is_answered(connect: Connect) -> None:
    """1000 from the client comes back as the answer of the close handshake."""
    client = await connect()
    await client.leave()
    assert client.socket.closed is not None
    assert client.socket.closed.code == 1000
