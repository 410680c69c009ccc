"""Well-formed messages become requests, their payloads untouched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocol.json_values import json_texts
from trio_signal.protocol import messages
from trio_signal.protocol.codec import check_payload, check_state, decode, tag_of
from trio_signal.protocol.messages import REQUEST_TYPES

REQUESTS: list[tuple[dict[str, Any], type, dict[str, Any]]] = [
    ({"type": "authenticate", "token": "t"}, messages.Authenticate, {"token": "t"}),
    (
        {"type": "create-room", "roomId": "r-1", "name": "n", "maxUsers": 4},
        messages.CreateRoom,
        {"room_id": "r-1", "name": "n", "max_users": 4},
    ),
    (
        {"type": "create-room", "name": "n"},
        messages.CreateRoom,
        {"room_id": None, "name": "n", "max_users": None},
    ),
    ({"type": "join-room", "roomId": "r-1"}, messages.JoinRoom, {"room_id": "r-1"}),
    ({"type": "leave-room"}, messages.LeaveRoom, {}),
    ({"type": "close-room", "roomId": "r", "reason": "x"}, messages.CloseRoom, {"room_id": "r", "reason": "x"}),
    ({"type": "close-room"}, messages.CloseRoom, {"room_id": None, "reason": None}),
    ({"type": "list-rooms", "limit": 5, "cursor": "c"}, messages.ListRooms, {"limit": 5, "cursor": "c"}),
    ({"type": "list-rooms"}, messages.ListRooms, {"limit": None, "cursor": None}),
    ({"type": "offer", "to": "p_1", "sdp": "v=0"}, messages.Offer, {"to": "p_1", "payload": b'"v=0"'}),
    ({"type": "answer", "sdp": "v=0"}, messages.Answer, {"to": None, "payload": b'"v=0"'}),
    ({"type": "ice-candidate", "candidate": None}, messages.IceCandidate, {"to": None, "payload": b"null"}),
    ({"type": "signal", "data": [1]}, messages.Signal, {"to": None, "payload": b"[1]"}),
    ({"type": "message", "to": "p_2", "data": "hi"}, messages.Message, {"to": "p_2", "payload": b'"hi"'}),
    ({"type": "set-state", "state": {}}, messages.SetState, {"state": b"{}"}),
    ({"type": "kick", "peerId": "p", "reason": "r"}, messages.Kick, {"peer_id": "p", "reason": "r"}),
    ({"type": "kick", "peerId": "p"}, messages.Kick, {"peer_id": "p", "reason": None}),
    ({"type": "ping"}, messages.Ping, {}),
    ({"type": "ice-servers"}, messages.IceServers, {}),
]
OPTIONAL = [
    ("create-room", {"name": "n"}, "roomId"),
    ("create-room", {"name": "n"}, "maxUsers"),
    ("close-room", {}, "roomId"),
    ("close-room", {}, "reason"),
    ("list-rooms", {}, "limit"),
    ("list-rooms", {}, "cursor"),
    ("message", {"data": 1}, "to"),
    ("kick", {"peerId": "p"}, "reason"),
    ("ping", {}, "id"),
]
RELAYED = [("offer", "sdp"), ("answer", "sdp"), ("ice-candidate", "candidate"), ("signal", "data"), ("message", "data")]


def plain(request: Any) -> dict[str, Any]:
    """The request's fields, raw JSON as bytes."""
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    return {name: bytes(value) if isinstance(value, messages.Raw) else value for name, value in fields.items()}


def test_the_contract_knows_fifteen_types() -> None:
    """PROTOCOL.md section 3, and no other."""
    assert {message["type"] for message, _, _ in REQUESTS} == REQUEST_TYPES


@pytest.mark.parametrize(("message", "kind", "fields"), REQUESTS)
def test_each_request_is_read(message: dict[str, Any], kind: type, fields: dict[str, Any]) -> None:
    """Every type, with and without its optional fields."""
    request = decode(json.dumps(message).encode())
    assert type(request) is kind
    assert plain(request) == fields | {"id": b""}
    assert tag_of(request) == message["type"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "fields", "optional"), OPTIONAL)
def test_null_is_the_same_as_left_out(kind: str, fields: dict[str, Any], optional: str) -> None:
    """For every optional field."""
    without = decode(json.dumps({"type": kind, **fields}).encode())
    with_null = decode(json.dumps({"type": kind, **fields, optional: None}).encode())
    assert plain(with_null) == plain(without)


def test_unknown_members_are_ignored() -> None:
    """A later client may say more."""
    assert plain(decode(b'{"type":"ping","colour":{"a":[1]},"id":1}')) == {"id": b"1"}


def test_members_may_come_in_any_order_and_with_blanks() -> None:
    """The type need not come first."""
    request = decode(b' {"data" : [1, 2 ] ,\n "id" : 5 , "type" : "signal" } ')
    assert plain(request) == {"id": b"5", "to": None, "payload": b"[1, 2 ]"}


@pytest.mark.parametrize(
    "request_id",
    [
        *["0", "-1", "7", "9" * 64, '""', '"a"', '"' + "a" * 64 + '"'],
        *['"' + "한" * 64 + '"', '"' + "\\u0041" * 64 + '"', '"\\n\\"\\\\"', '"' + "😀" * 64 + '"'],
    ],
)
def test_an_id_is_kept_as_it_was_sent(request_id: str) -> None:
    """Integers, and strings of at most 64 characters however they are spelt."""
    assert plain(decode(f'{{"type":"ping","id":{request_id}}}'.encode()))["id"] == request_id.encode()


@pytest.mark.parametrize(("kind", "member"), RELAYED)
@given(text=json_texts())
def test_any_json_value_is_relayed_byte_for_byte(kind: str, member: str, text: str) -> None:
    """Numbers and escapes are not rewritten."""
    request = decode(f'{{"type":"{kind}","{member}": {text} ,"id":1}}'.encode())
    assert plain(request)["payload"] == text.encode()


@given(request_id=st.integers(-(2**200), 2**200) | st.text(max_size=64), data=json_texts())
def test_id_and_payload_do_not_disturb_each_other(request_id: int | str, data: str) -> None:
    """Whatever stands in the one, the other is found."""
    raw_id = json.dumps(request_id)
    request = decode(f'{{"id":{raw_id},"data":{data},"type":"message"}}'.encode())
    assert plain(request) == {"id": raw_id.encode(), "to": None, "payload": data.encode()}


@pytest.mark.parametrize("data", ['"\\ud83d"', '{"a":["\\uDE00 x"]}', '"\\ud83d\\ud83d"', '{"\\udc00":1}'])
def test_half_a_surrogate_pair_is_relayed_as_sent(data: str) -> None:
    """JSON.stringify writes it for a text that was cut within an emoji."""
    assert plain(decode(f'{{"type":"message","data":{data}}}'.encode()))["payload"] == data.encode()


SDP_GOOD = [
    '"v=0"',
    '""',
    '{"type":"offer","sdp":"v=0"}',
    '{"sdp":"","type":"rollback","more":1}',
    ' {"type":"a","sdp":"b"}',
]
SDP_BAD = [
    "null",
    "1",
    "[]",
    "true",
    "{}",
    '{"type":"offer"}',
    '{"sdp":"v=0"}',
    '{"type":1,"sdp":"v=0"}',
    '{"type":"a","sdp":null}',
]


@pytest.mark.parametrize("kind", ["offer", "answer"])
@pytest.mark.parametrize(
    ("sdp", "good"),
    [*((sdp, True) for sdp in SDP_GOOD), *((sdp, False) for sdp in SDP_BAD)],
)
def test_sdp_is_a_string_or_a_description(kind: str, sdp: str, good: bool) -> None:
    """The object form has a type and an sdp, both strings."""
    request = decode(f'{{"type":"{kind}","sdp":{sdp}}}'.encode())
    refused = check_payload(request)  # type: ignore[arg-type]
    assert refused is None if good else refused is not None and refused.details == {"field": "sdp"}


@pytest.mark.parametrize(
    ("candidate", "good"),
    [
        ("{}", True),
        ('{"candidate":""}', True),
        ('"candidate:1"', True),
        ("null", True),
        ("1", False),
        ("[]", False),
        ("true", False),
        ("false", False),
        ("-1", False),
    ],
)
def test_a_candidate_is_an_object_a_string_or_null(candidate: str, good: bool) -> None:
    """Null ends the candidates (W3C end-of-candidates)."""
    refused = check_payload(decode(f'{{"type":"ice-candidate","candidate":{candidate}}}'.encode()))  # type: ignore[arg-type]
    assert refused is None if good else refused is not None and refused.details == {"field": "candidate"}


@pytest.mark.parametrize("kind", ["signal", "message"])
@pytest.mark.parametrize("data", ["null", "0", '"x"', "[]", "{}", "false"])
def test_application_data_is_any_json(kind: str, data: str) -> None:
    """Nothing is asked of it."""
    assert check_payload(decode(f'{{"type":"{kind}","data":{data}}}'.encode())) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "good"),
    [
        (b"{}", True),
        (b'{"muted":true}', True),
        (b'{"a":"' + b"x" * 4088 + b'"}', True),
        (b'{"a":"' + b"x" * 4089 + b'"}', False),
        (b"[]", False),
        (b"null", False),
        (b'"{"', False),
        (b"1", False),
    ],
)
def test_a_state_is_an_object_of_at_most_4096_bytes(state: bytes, good: bool) -> None:
    """Counted as sent."""
    refused = check_state(state)
    assert refused is None if good else refused is not None and refused.details == {"field": "state"}
