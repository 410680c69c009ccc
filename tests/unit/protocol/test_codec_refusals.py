"""Malformed messages are refused with the field they are wrong in, and never raise."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.protocol.json_values import json_texts, nested
from trio_signal.protocol.codec import Malformed, decode
from trio_signal.protocol.codes import ErrorCode
from trio_signal.protocol.messages import REQUEST_TYPES

WRONG_FIELDS = [
    ("authenticate", {}, "token"),
    ("authenticate", {"token": 5}, "token"),
    ("authenticate", {"token": None}, "token"),
    ("create-room", {}, "name"),
    ("create-room", {"name": 5}, "name"),
    ("create-room", {"name": None}, "name"),
    ("create-room", {"name": "n", "roomId": 5}, "roomId"),
    ("create-room", {"name": "n", "maxUsers": "5"}, "maxUsers"),
    ("create-room", {"name": "n", "maxUsers": 5.5}, "maxUsers"),
    ("create-room", {"name": "n", "maxUsers": True}, "maxUsers"),
    ("join-room", {}, "roomId"),
    ("join-room", {"roomId": ["r"]}, "roomId"),
    ("join-room", {"roomId": None}, "roomId"),
    ("close-room", {"roomId": {}}, "roomId"),
    ("close-room", {"reason": 1}, "reason"),
    ("list-rooms", {"limit": "1"}, "limit"),
    ("list-rooms", {"cursor": 1}, "cursor"),
    ("offer", {}, "sdp"),
    ("offer", {"sdp": "v=0", "to": 1}, "to"),
    ("answer", {}, "sdp"),
    ("answer", {"sdp": "v=0", "to": ["p"]}, "to"),
    ("ice-candidate", {}, "candidate"),
    ("ice-candidate", {"candidate": None, "to": {}}, "to"),
    ("signal", {}, "data"),
    ("signal", {"data": 1, "to": 1}, "to"),
    ("message", {}, "data"),
    ("message", {"data": 1, "to": False}, "to"),
    ("set-state", {}, "state"),
    ("kick", {}, "peerId"),
    ("kick", {"peerId": 1}, "peerId"),
    ("kick", {"peerId": "p", "reason": []}, "reason"),
]


def refused(message: bytes) -> Malformed:
    """What decode says of a message that must not pass."""
    outcome = decode(message)
    assert isinstance(outcome, Malformed)
    assert outcome.refused.code is ErrorCode.VALIDATION_ERROR
    return outcome


@pytest.mark.parametrize(("kind", "fields", "field"), WRONG_FIELDS)
def test_a_wrong_or_missing_field_is_named(kind: str, fields: dict[str, object], field: str) -> None:
    """With the request's id and type, so that the client finds the request."""
    outcome = refused(json.dumps({"type": kind, **fields, "id": "q"}).encode())
    assert outcome.refused.details == {"field": field}
    assert field in outcome.refused.message
    assert (outcome.request_id, outcome.request_type) == (b'"q"', kind)


@pytest.mark.parametrize(
    ("message", "request_type"),
    [
        ("{}", None),
        ('{"type":null}', None),
        ('{"type":5}', None),
        ('{"type":["ping"]}', None),
        ('{"type":""}', ""),
        ('{"type":"PING"}', "PING"),
        ('{"type":"reply"}', "reply"),
        ('{"type":"welcome"}', "welcome"),
        (json.dumps({"type": "x" * 65}), None),
    ],
)
def test_a_missing_or_unknown_type_is_named(message: str, request_type: str | None) -> None:
    """A type too long to say back is not said back."""
    outcome = refused(message.encode())
    assert outcome.refused.details == {"field": "type"}
    assert outcome.request_type == request_type


def test_a_refusal_for_its_type_keeps_the_id() -> None:
    """So that it can be a reply."""
    assert refused(b'{"id":7,"type":"no-such-type"}').request_id == b"7"


@pytest.mark.parametrize(
    "request_id",
    [
        "1.5",
        "1e2",
        "1E2",
        "-0.0",
        "true",
        "false",
        "{}",
        "[]",
        '["a"]',
        "9" * 65,
        '"' + "a" * 65 + '"',
        '"' + "한" * 65 + '"',
        '"' + "\\u0041" * 65 + '"',
    ],
)
def test_an_id_that_is_no_integer_or_short_string_is_refused(request_id: str) -> None:
    """And not said back."""
    outcome = refused(f'{{"type":"ping","id":{request_id}}}'.encode())
    assert outcome.refused.details == {"field": "id"}
    assert (outcome.request_id, outcome.request_type) == (None, "ping")


@pytest.mark.parametrize("request_id", ["null", "1.5", "{}", '"' + "a" * 65 + '"'])
def test_a_bad_id_next_to_a_bad_field_is_not_said_back(request_id: str) -> None:
    """The field that is wrong is named all the same."""
    outcome = refused(f'{{"type":"join-room","id":{request_id}}}'.encode())
    assert (outcome.request_id, outcome.refused.details) == (None, {"field": "roomId"})


@pytest.mark.parametrize("message", ["[]", "5", "null", '"ping"', "true", '[{"type":"ping"}]'])
def test_a_message_is_an_object(message: str) -> None:
    """Other JSON is no message."""
    assert refused(message.encode()).refused.message == "A message is one JSON object."


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b" ",
        b"{",
        b"ping",
        b"{'type':'ping'}",
        b'{"type":"ping"',
        b'{"type":"ping",}',
        b'{"type":"ping"}}',
        b'{"type":"ping"} {"type":"ping"}',
        b'{"type":"ping"}\x00',
        b'\xef\xbb\xbf{"type":"ping"}',
        b'{"type":"signal","data":NaN}',
        b'{"type":"signal","data":01}',
        b'{"type":"signal","data":"\x01"}',
        b'{"type":"signal","data":"\\q"}',
        b'{"type":"signal","data":.5}',
        b'{"type":"signal","data":nul}',
        b'{"type":"ping","more":"\\q"}',
    ],
)
def test_what_is_not_json_is_refused(message: bytes) -> None:
    """Payloads and unknown members are not decoded, but they are checked."""
    assert refused(message).refused.message.startswith("Not a JSON object")


@pytest.mark.parametrize("rest", [b"", b",", b"} x", b',"x":', b',"x":"\\q"}', b',"x":[1,]}', b"\x00"])
def test_a_wrong_field_in_a_message_that_goes_wrong_later_is_refused(rest: bytes) -> None:
    """Whichever fault is met first."""
    refused(b'{"type":"join-room","roomId":5' + rest)


@pytest.mark.parametrize(
    "message", [b'{"type":"join-room","roomId":"\xff"}', b'{"type":"\xff"}', b"\xff", b'{"\xff":1}']
)
def test_bytes_that_are_no_utf8_do_not_raise(message: bytes) -> None:
    """The door has judged them before; nothing depends on it here."""
    decode(message)


@pytest.mark.parametrize("kind", ["[", "{"])
def test_32_levels_are_the_most(kind: str) -> None:
    """The message's own object counts as one."""
    assert not isinstance(decode(f'{{"type":"signal","data":{nested(31, kind)}}}'.encode()), Malformed)
    outcome = refused(f'{{"type":"signal","id":7,"data":{nested(32, kind)}}}'.encode())
    assert "32" in outcome.refused.message
    assert (outcome.request_id, outcome.request_type) == (b"7", "signal")


@pytest.mark.parametrize("member", ["data", "more"])
@pytest.mark.parametrize("depth", [33, 500, 1_000, 20_000])
@pytest.mark.parametrize("kind", ["[", "{"])
@pytest.mark.parametrize("before", [True, False])
def test_too_deep_is_refused_however_deep(member: str, depth: int, kind: str, before: bool) -> None:
    """In payloads and in unknown members; the request is named wherever its id stands."""
    envelope, deep = '"type":"signal","id":"q"', f'"data":{nested(depth, kind)}'
    if member == "more":
        envelope, deep = envelope.replace("signal", "ping"), deep.replace("data", "more", 1)
    message = f"{{{envelope},{deep}}}" if before else f"{{{deep},{envelope}}}"
    outcome = refused(message.encode())
    assert "32" in outcome.refused.message
    assert (outcome.request_id, outcome.request_type) == (b'"q"', "signal" if member == "data" else "ping")


@pytest.mark.parametrize("depth", [33, 1_000, 20_000])
@pytest.mark.parametrize(
    "message",
    [
        '{"type":"join-room","roomId":DEEP}',
        '{"type":"join-room","roomId":5,"more":DEEP}',
        '{"type":DEEP}',
        "DEEP",
        '{"type":"ping","id":DEEP}',
        '{"type":"no-such-type","data":DEEP}',
        '{"type":"ping","more":DEEP',
    ],
)
def test_depth_in_the_wrong_place_does_not_raise(message: str, depth: int) -> None:
    """Together with another fault, either may be the one that is named."""
    refused(message.replace("DEEP", nested(depth)).encode())


def test_brackets_in_strings_are_no_levels() -> None:
    """Also behind escaped quotes and backslashes."""
    text = '"' + "[{" * 100 + '\\"' + "[" * 100 + '\\\\"'
    assert not isinstance(decode(f'{{"type":"signal","data":{text}}}'.encode()), Malformed)


def test_many_siblings_are_no_levels() -> None:
    """Width is bounded by the size of a message alone."""
    assert not isinstance(decode(b'{"type":"signal","data":[' + b"[[]]," * 1000 + b"{}]}"), Malformed)


MESSAGES = st.builds(
    lambda kind, members: (
        '{"type":' + kind + "".join(f",{json.dumps(name)}:{value}" for name, value in members) + "}"
    ).encode(),
    st.sampled_from(sorted(map(json.dumps, REQUEST_TYPES))) | json_texts(),
    st.lists(st.tuples(st.sampled_from(["id", "to", "roomId", "name", "maxUsers", "sdp", "data"]), json_texts())),
)


@given(message=MESSAGES, cut=st.integers(0, 200), junk=st.binary(max_size=3))
def test_a_mangled_message_never_raises(message: bytes, cut: int, junk: bytes) -> None:
    """Cut anywhere, with anything put in."""
    for mangled in (message, message[:cut], message[:cut] + junk + message[cut:], message[:cut] + junk):
        decode(mangled)


@given(message=st.binary(max_size=200))
@example(b'{"type":"ping","id":"\\ud800"}')
@example(b'{"type":"ping","id":"' + b"\\ud800" * 12 + b'"}')
def test_any_bytes_never_raise(message: bytes) -> None:
    """A request or a refusal, whatever a client sends."""
    decode(message)


@given(message=MESSAGES)
def test_an_id_that_is_said_back_is_json(message: bytes) -> None:
    """It is put into the reply as it stands."""
    outcome = decode(message)
    raw = outcome.request_id if isinstance(outcome, Malformed) else bytes(outcome.id)
    if raw:
        assert isinstance(json.loads(raw), int | str)
