"""Halves of surrogate pairs: JSON allows their escapes, so they are relayed as sent."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trio_signal.protocol.codec import Malformed, decode
from trio_signal.protocol.messages import Ping
from trio_signal.protocol.surrogates import has_surrogates, hide_lone, put_back

TEXTS = st.text(st.sampled_from('\ud83d\ude00\udfffa\\"~!^`0\n😀'), max_size=30)


@given(text=TEXTS)
@example("~\ud83d~!^")
@example("\\\ud83d")
@example("".join(["~~", "~!", "!~", "^^", "^~", "~^", "``"]) + "\ud83d")
def test_any_string_is_relayed_byte_for_byte(text: str) -> None:
    """Whatever stands around the half."""
    data = json.dumps({"a": [text], text: 1})
    request = decode(f'{{"type":"message","data":{data}}}'.encode())
    assert not isinstance(request, Malformed)
    assert bytes(request.payload) == data.encode()  # type: ignore[union-attr]


@given(text=TEXTS)
def test_what_is_hidden_can_be_put_back(text: str) -> None:
    """The message keeps its length, and a decoder that is strict takes it."""
    message = json.dumps(text).encode()
    without, hidden = hide_lone(message)
    assert len(without) == len(message)
    json.loads(without).encode()
    if hidden:
        assert put_back(without, hidden) == message
    else:
        assert without == message


@pytest.mark.parametrize(
    ("message", "lone"),
    [
        (rb'"\ud83d"', 1),
        (rb'"\ude00"', 1),
        (rb'"\ud83d\ude00"', 0),
        (rb'"\uD83D\uDE00"', 0),
        (rb'"\\ud83d"', 0),
        (rb'"\\\ud83d"', 1),
        (rb'"\ude00\ud83d"', 2),
        (rb'"\ud83d\ud83d\ude00"', 1),
        (rb'"\u0041"', 0),
    ],
)
def test_only_halves_are_hidden(message: bytes, lone: int) -> None:
    """Not pairs, and not what only looks like an escape."""
    assert len(hide_lone(message)[1]) == lone


def test_messages_without_such_escapes_are_not_looked_into() -> None:
    """Nearly all."""
    assert not has_surrogates(json.dumps({"a": "Åé\n"}).encode())
    assert has_surrogates(rb'"\ud83d"')
    assert has_surrogates(rb'"\uD83D"')


def test_a_message_that_leaves_no_mark_free_is_refused() -> None:
    """Eight marks are tried; a message that has them all is not worth a ninth."""
    text = "~~ ~! !~ ^^ ^~ ~^ `` `~"
    outcome = decode(f'{{"type":"message","data":"{text}\\ud83d"}}'.encode())
    assert isinstance(outcome, Malformed)


def test_in_an_unknown_member_a_half_is_ignored() -> None:
    """With the member."""
    assert isinstance(decode(rb'{"type":"ping","x":"\ud83d"}'), Ping)


def test_a_state_is_kept_as_sent() -> None:
    """It is relayed later."""
    request = decode(rb'{"type":"set-state","state":{"status":"\ud83d"}}')
    assert bytes(request.state) == rb'{"status":"\ud83d"}'  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "message",
    [
        rb'{"type":"message","data":1,"id":"a\ud83d"}',
        rb'{"type":"ping","id":"a\ud83d"}',
        rb'{"type":"join-room","id":"a\ud83d"}',
        rb'{"type":"no-such-type","id":"a\ud83d"}',
    ],
)
def test_an_id_is_said_back_as_sent_or_not_at_all(message: bytes) -> None:
    """Never as what stood in for it meanwhile."""
    outcome = decode(message)
    said = outcome.request_id if isinstance(outcome, Malformed) else bytes(outcome.id)
    assert said in (None, b"", rb'"a\ud83d"')


@pytest.mark.parametrize(
    "message",
    [
        r'{"type":"join-room","roomId":"\ud83d"}',
        r'{"type":"kick","peerId":"\ude00"}',
        r'{"type":"signal","data":"\ud83d"',
        r'{"type":"no-such","data":"\ud83d"}',
    ],
)
def test_elsewhere_a_half_is_refused(message: str) -> None:
    """No name or id has one."""
    assert isinstance(decode(message.encode()), Malformed)
