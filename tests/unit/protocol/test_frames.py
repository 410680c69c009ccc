"""Frames as wsproto reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, connection, events

from trio_signal.protocol.codes import CloseCode
from trio_signal.protocol.frames import CLOSE_OPCODE, PING, close_frame, frame_payload, text_frame


def read_by_client(data: bytes) -> list[events.Event]:
    """What a client's wsproto makes of the bytes."""
    client = connection.Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    return list(client.events())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70_000])
def test_a_text_frame_is_one_whole_message(size: int) -> None:
    """At every form of the length."""
    [event] = read_by_client(text_frame(b"x" * size))
    assert isinstance(event, events.TextMessage)
    assert (event.data, event.frame_finished, event.message_finished) == ("x" * size, True, True)


@pytest.mark.parametrize(("size", "header"), [(125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_the_length_is_written_in_its_shortest_form(size: int, header: int) -> None:
    """RFC 6455 section 5.2."""
    assert len(text_frame(b"x" * size)) == header + size


@given(texts=st.lists(st.text()))
def test_frames_can_be_joined(texts: list[str]) -> None:
    """Many frames in one write are as many messages, in their order."""
    read = read_by_client(b"".join(text_frame(text.encode()) for text in texts))
    assert [event.data for event in read if isinstance(event, events.TextMessage)] == texts


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_the_payload_can_be_taken_out_again(size: int) -> None:
    """For a frame that is made once and looked into once."""
    assert frame_payload(text_frame(b"x" * size)) == b"x" * size


@pytest.mark.parametrize("code", list(CloseCode))
def test_a_close_frame_says_code_and_reason(code: CloseCode) -> None:
    """For every code of ours."""
    frame = close_frame(code, code.reason)
    assert frame[0] == CLOSE_OPCODE
    [event] = read_by_client(frame)
    assert isinstance(event, events.CloseConnection)
    assert (event.code, event.reason) == (code, code.reason)


def test_a_ping_is_a_ping() -> None:
    """Without payload."""
    assert read_by_client(PING) == [events.Ping(payload=b"")]
