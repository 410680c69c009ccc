"""The express lane's frame reader, next to wsproto."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.door.streams import (
    GOOD_STREAMS,
    ODD,
    PING,
    PONG,
    STREAMS,
    TEXT,
    frame,
    judged_by_wsproto_alone,
    pieces,
    read_by_lane,
    xor,
)
from trio_signal.door.frame_reader import FrameReader, Step, unmask

CUTS = st.lists(st.integers(0, 4000), max_size=30) | st.just(list(range(400)))
HEADS = st.sampled_from(
    [b"\x81\x80", b"\x81\xfe", b"\x81\xff\x00\x00\x00\x00", b"\x01\x82", b"\x8a\x80", b"\x8a\x85", b"\x88\x82"]
)
NOISE = st.lists(st.binary(max_size=12) | HEADS | GOOD_STREAMS.map(b"".join), max_size=8).map(b"".join)


@settings(max_examples=100)
@given(frames=GOOD_STREAMS, cuts=CUTS)
def test_good_streams_are_the_same_messages_in_the_same_order(frames: list[bytes], cuts: list[int]) -> None:
    """As wsproto alone finds them, however the bytes arrive."""
    stream = b"".join(frames)
    assert read_by_lane(pieces(stream, cuts)) == judged_by_wsproto_alone([stream])


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:8].hex())
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_every_odd_frame_is_judged_by_wsproto(odd: bytes, step: int) -> None:
    """Where it stands: what came before is delivered, what comes after only if wsproto goes on."""
    stream = frame(TEXT, b"before") + frame(PING, b"p") + odd + frame(TEXT, b"after") + frame(TEXT, b"x" * 200)
    chunks = pieces(stream, list(range(0, len(stream), step)))
    assert read_by_lane(chunks) == judged_by_wsproto_alone([stream])


@settings(max_examples=80)
@given(frames=STREAMS, cuts=CUTS)
def test_odd_streams_end_the_same_way(frames: list[bytes], cuts: list[int]) -> None:
    """With the same close code for the same reason, after the same messages."""
    stream = b"".join(frames)
    assert read_by_lane(pieces(stream, cuts)) == judged_by_wsproto_alone([stream])


@given(frames=STREAMS, end=st.integers(0, 4000), cuts=CUTS)
def test_a_stream_that_breaks_off_is_read_as_far_as_it_goes(frames: list[bytes], end: int, cuts: list[int]) -> None:
    """Nothing is made up; at most a breach is noticed when a few bytes more have come."""
    stream = b"".join(frames)[:end]
    read, reference = read_by_lane(pieces(stream, cuts)), judged_by_wsproto_alone([stream])
    assert read == reference[: len(read)]
    assert [one[0] for one in reference[len(read) :]] in ([], ["CloseConnection"])


def frame_end(stream: bytes, start: int) -> tuple[int, bytes]:
    """Where the masked frame ends that begins here, and its payload."""
    form = stream[start + 1] & 0x7F
    wide = {126: 2, 127: 8}.get(form, 0)
    body = start + 2 + wide + 4
    size = int.from_bytes(stream[start + 2 : start + 2 + wide], "big") if wide else form
    return body + size, xor(stream[body : body + size], stream[body - 4 : body])


@settings(max_examples=100)
@given(stream=NOISE | STREAMS.map(b"".join), cuts=CUTS)
def test_what_is_not_taken_goes_up_untouched(stream: bytes, cuts: list[int]) -> None:
    """Any bytes at all: taken are whole text frames and pongs, the rest goes up in its place, byte for byte."""
    reader, at = FrameReader(2**20), 0
    for piece in pieces(stream, cuts):
        reader.feed(piece)
        while (step := reader.next()) is not Step.MORE:
            if step is Step.UP:
                up = reader.take_up()
                assert up
                assert stream[at : at + len(up)] == up
                at += len(up)
            elif step is not Step.TOO_BIG:
                assert stream[at] == (0x80 | PONG if step is Step.PONG else 0x80 | TEXT)
                at, payload = frame_end(stream, at)
                assert step in (Step.PONG, payload)
            else:
                return
    assert at <= len(stream)


@given(payload=st.binary(max_size=600), mask=st.binary(min_size=4, max_size=4))
def test_unmasking_is_xor_with_the_mask(payload: bytes, mask: bytes) -> None:
    """Octet by octet, of any length."""
    assert unmask(payload, mask) == xor(payload, mask)


@given(noise=st.lists(st.binary(min_size=1, max_size=300), max_size=30))
def test_nothing_is_kept_of_what_went_up(noise: list[bytes]) -> None:
    """Memory is that of one frame."""
    reader = FrameReader(256)
    for piece in noise:
        reader.feed(piece)
        while reader.next() is not Step.MORE:
            reader.take_up()
        assert len(reader._data) - reader._pos <= 256 + 14 + 125
