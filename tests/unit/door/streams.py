"""Streams of client frames, good and bad, and what wsproto alone makes of them."""

from itertools import cycle, pairwise
from typing import Any

from hypothesis import strategies as st
from wsproto import ConnectionType, connection, events

from trio_signal.door.frame_reader import FrameReader, Step

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
Happening = tuple[Any, ...]


def xor(data: bytes, mask: bytes) -> bytes:
    """RFC 6455 section 5.3, octet by octet."""
    return bytes(octet ^ key for octet, key in zip(data, cycle(mask), strict=False))


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = b"\x01\x82\xc3\x44",
    length: int = 0,
) -> bytes:
    """One frame as a client sends it; `length` 126 or 127 asks for a longer form than needed."""
    size = len(payload)
    form = length or (size if size < 126 else 126 if size < 65536 else 127)
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if mask else 0) | form])
    head += size.to_bytes({126: 2, 127: 8}[form], "big") if form > 125 else b""
    return head + (mask + xor(payload, mask) if mask else payload)


MASKS = st.sampled_from([b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x82\xc3\x44", b"\x81\x80\x00\x7f"])
TEXTS = st.text(max_size=20) | st.sampled_from(["x" * 125, "x" * 126, "한" * 100, "x" * 3000])
PINGS = st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=MASKS)
WHOLE = st.builds(frame, st.just(TEXT), TEXTS.map(str.encode), mask=MASKS)
WHOLE_BINARY = st.builds(frame, st.just(BINARY), st.binary(max_size=200), mask=MASKS)
CLOSES = st.sampled_from([frame(CLOSE), frame(CLOSE, b"\x03\xe8bye"), frame(CLOSE, b"\x03"), frame(CLOSE, b"\x03\xed")])


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A message in pieces, cut anywhere (also within a character), with pings and pongs in between."""
    opcode, data = draw(st.sampled_from([(TEXT, draw(TEXTS).encode()), (BINARY, b"\xff\x00" * 40)]))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), min_size=1, max_size=4)))
    parts = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    sent = b""
    for number, part in enumerate(parts):
        sent += frame(
            CONTINUATION if number else TEXT if opcode == TEXT else BINARY, part, fin=number == len(parts) - 1
        )
        sent += draw(PINGS) if draw(st.booleans()) else b""
    return sent


ODD = [
    frame(TEXT, b"\xff\xfe"),
    frame(TEXT, b"ab\xed\xa0\x80"),
    frame(TEXT, "é".encode()[:1]),
    frame(TEXT, b"x" * 130)[:1] + frame(TEXT, b"x" * 130, mask=None)[1:],
    *(frame(TEXT, b"ab", rsv=rsv) for rsv in (1, 2, 4)),
    *(frame(opcode, b"ab") for opcode in (3, 7, 11, 15)),
    *(frame(TEXT, b"ab", length=form) for form in (126, 127)),
    *(frame(opcode, b"ab", length=form) for opcode in (PING, PONG, BINARY, CLOSE) for form in (126, 127)),
    *(frame(opcode, b"x" * 126) for opcode in (PING, PONG, CLOSE)),
    *(frame(opcode, b"ab", fin=False) for opcode in (PING, PONG, CLOSE)),
    *(frame(opcode, b"ab", mask=None) for opcode in (TEXT, BINARY, PING, PONG, CLOSE)),
    frame(TEXT, mask=None),
    frame(CONTINUATION, b"ab"),
    frame(TEXT, b"ab", fin=False) + frame(TEXT, b"cd"),
    frame(TEXT, b"ab", fin=False) + frame(BINARY, b"cd"),
    frame(TEXT, b"\xff", fin=False) + frame(CONTINUATION, b"cd"),
    frame(PONG, b"ab", rsv=4),
    b"\x81\xff" + b"\xff" * 8 + b"mask",
    b"\x8a\xff" + b"\x80" + b"\x00" * 7 + b"mask",
]
GOOD_STREAMS = st.lists(WHOLE | WHOLE | PINGS | WHOLE_BINARY | fragmented(), max_size=8)
STREAMS = st.builds(
    lambda before, last, after: [*before, *last, *after],
    GOOD_STREAMS,
    st.lists(st.sampled_from(ODD) | CLOSES, max_size=1),
    GOOD_STREAMS,
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The stream as it comes off a socket, cut anywhere."""
    at = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(at)] or [b""]


class Judge:
    """wsproto, and what it says happened: whole messages, pings, pongs (without payload), and the end."""

    def __init__(self) -> None:
        self._wsproto = connection.Connection(ConnectionType.SERVER)
        self._message: list[Any] = []
        self.happened: list[Happening] = []
        self.over = False

    def take(self, data: bytes) -> None:
        if self.over:
            return
        self._wsproto.receive_data(data)
        for event in self._wsproto.events():
            self._note(event)
            if self.over:
                return

    def _note(self, event: events.Event) -> None:
        match event:
            case events.Message():
                self._message.append(event.data)
                if event.message_finished:
                    whole = self._message[0][:0].join(self._message)
                    self.happened.append((type(event).__name__, whole))
                    self._message = []
            case events.Ping():
                self.happened.append(("Ping", bytes(event.payload)))
            case events.Pong():
                self.happened.append(("Pong",))
            case events.CloseConnection():
                self.happened.append(("CloseConnection", event.code, event.reason))
                self.over = True


def judged_by_wsproto_alone(chunks: list[bytes]) -> list[Happening]:
    """The reference."""
    judge = Judge()
    for chunk in chunks:
        judge.take(chunk)
    return judge.happened


def read_by_lane(chunks: list[bytes], max_bytes: int = 2**20) -> list[Happening]:
    """The same by the frame reader with wsproto behind it, as the express lane does it."""
    reader, judge = FrameReader(max_bytes), Judge()
    for chunk in chunks:
        reader.feed(chunk)
        while not judge.over:
            step = reader.next()
            if isinstance(step, bytes):
                judge.happened.append(("TextMessage", step.decode()))
            elif step is Step.PONG:
                judge.happened.append(("Pong",))
            elif step is Step.UP:
                judge.take(reader.take_up())
            elif step is Step.MORE:
                break
            else:
                raise AssertionError(step)
    return judge.happened
