"""Messages over the limit, and what the reader says of what it passes on."""

import pytest

from tests.unit.door.streams import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from trio_signal.door.frame_reader import FrameReader, Step

MOST = 1000


def steps(reader: FrameReader, data: bytes) -> list[bytes | Step]:
    """What the reader says to these bytes; UP stands for the bytes that went up."""
    reader.feed(data)
    said: list[bytes | Step] = []
    while (step := reader.next()) is not Step.MORE:
        said.append(step)
        if step is Step.UP:
            reader.take_up()
    return said


@pytest.mark.parametrize("limit", [100, 125, 126, 1000, 65535, 65536, 100_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_the_limit_itself_is_allowed(limit: int, opcode: int) -> None:
    """One byte more is not."""
    assert Step.TOO_BIG not in steps(FrameReader(limit), frame(opcode, b"x" * limit))
    assert Step.TOO_BIG in steps(FrameReader(limit), frame(opcode, b"x" * (limit + 1)))


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [MOST + 1, 65536, 2**40])
def test_a_message_over_the_limit_is_seen_by_its_header(opcode: int, size: int) -> None:
    """Before it is read."""
    form = b"\xfe" + size.to_bytes(2, "big") if size < 65536 else b"\xff" + size.to_bytes(8, "big")
    assert steps(FrameReader(MOST), bytes([0x80 | opcode]) + form + b"mask") == [Step.TOO_BIG, Step.SKIPPED]


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_fragments_are_counted_together(opcode: int) -> None:
    """With a ping in between; the next message starts anew."""
    half = b"x" * (MOST // 2)
    message = frame(opcode, half, fin=False) + frame(PING) + frame(CONTINUATION, half)
    reader = FrameReader(MOST)
    assert Step.TOO_BIG not in steps(reader, message + message)
    assert steps(reader, frame(opcode, half, fin=False) + frame(CONTINUATION, half + b"x")).count(Step.TOO_BIG) == 1


def test_data_after_that_is_dropped_and_control_frames_go_up() -> None:
    """So that the close handshake can end."""
    reader = FrameReader(MOST)
    steps(reader, frame(TEXT, b"x" * (MOST + 1)))
    assert set(steps(reader, frame(BINARY, b"more" * 60) + frame(BINARY))) == {Step.SKIPPED}
    reader.feed(frame(CLOSE, b"\x03\xe8"))
    assert reader.next() is Step.UP
    assert reader.take_up() == frame(CLOSE, b"\x03\xe8")


def test_skipped_data_is_not_kept() -> None:
    """A message of gigabytes passes through."""
    reader = FrameReader(MOST)
    assert Step.TOO_BIG in steps(reader, b"\x82\xff" + (2**32).to_bytes(8, "big") + b"mask")
    for _ in range(100):
        assert set(steps(reader, b"x" * 16384)) <= {Step.SKIPPED}
        assert len(reader._data) <= 16384


def test_text_is_not_delivered_to_one_who_wants_no_more() -> None:
    """Pongs still count."""
    reader = FrameReader(MOST)
    reader.skip_data = True
    said = steps(reader, frame(BINARY, b"a") + frame(PONG) + frame(TEXT, b"b", fin=False) + frame(CONTINUATION, b"c"))
    assert [step for step in said if step is not Step.SKIPPED] == [Step.PONG]


@pytest.mark.parametrize(
    ("stream", "whole"),
    [
        (frame(BINARY, b"ab"), True),
        (frame(BINARY), True),
        (frame(TEXT, b"\xff"), True),
        (frame(PING), False),
        (frame(CLOSE), False),
        (frame(TEXT, b"a", fin=False), False),
        (frame(TEXT, b"a", fin=False) + frame(PING), False),
        (frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b"), True),
        (frame(BINARY, b"abc")[:-1], False),
    ],
)
def test_it_says_when_a_whole_message_has_gone_up(stream: bytes, whole: bool) -> None:
    """The lane then waits until that has been handled, so that the order is kept."""
    reader = FrameReader(MOST)
    steps(reader, stream)
    assert reader.message_up is whole


def test_a_control_frame_is_no_message() -> None:
    """Also right behind one."""
    reader = FrameReader(MOST)
    steps(reader, frame(BINARY, b"ab"))
    reader.message_up = False
    steps(reader, frame(PING))
    assert not reader.message_up


@pytest.mark.parametrize(
    "odd",
    [
        frame(TEXT, b"ab", rsv=4),
        frame(TEXT, b"ab", mask=None),
        frame(3),
        frame(CONTINUATION, b"ab"),
        frame(TEXT, fin=False) + frame(TEXT),
        frame(TEXT, b"ab", length=126),
        frame(PING, fin=False),
    ],
)
def test_behind_a_frame_that_breaks_the_rules_everything_goes_up(odd: bytes) -> None:
    """There is no way back: what comes after it is no message."""
    stream = odd + frame(TEXT, b"after") + frame(PONG)
    reader, up = FrameReader(MOST), b""
    for piece in (odd, stream[len(odd) :]):
        reader.feed(piece)
        while (step := reader.next()) is not Step.MORE:
            assert step is Step.UP
            up += reader.take_up()
    assert up == stream


def test_pongs_are_taken_out_wherever_they_come() -> None:
    """Also between the fragments of a message."""
    reader = FrameReader(MOST)
    said = steps(
        reader, frame(PONG) + frame(TEXT, b"a", fin=False) + frame(PONG, b"x" * 125) + frame(CONTINUATION, b"b")
    )
    assert said.count(Step.PONG) == 2


def test_an_empty_text_is_a_message() -> None:
    """Of no bytes."""
    assert steps(FrameReader(MOST), frame(TEXT)) == [b""]
