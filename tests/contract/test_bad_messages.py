"""PROTOCOL.md 2: messages that are no requests, and fields of a wrong type; the connection stays."""

import json

import pytest

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Json


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "ping",
        '{"type":"ping"',
        '{"type":"ping",}',
        "{'type':'ping'}",
        '{"type":"ping"} {}',
        '{"type":"ping"}x',
        '{"type":"signal","data":NaN}',
        '{"type":"signal","data":-Infinity}',
        '{"type":"signal","data":01}',
        '{"type":"signal","data":1.}',
        '{"type":"signal","data":"\t"}',
        r'{"type":"signal","data":"\x41"}',
        '{"type":"signal","data":[1,]}',
        '{"type":"signal","data":tru}',
        '{"type" "ping"}',
        '{"type":"no-such-type","data":}',
        '{"type":7,"id":[}',
        "\ufeff{}",
    ],
)
async def test_malformed_json_is_refused_and_the_connection_stays(connect: Connect, text: str) -> None:
    """Whatever RFC 8259 does not allow is a VALIDATION_ERROR."""
    client = await connect()
    await client.ok("create-room", name="For the signal")
    await client.send(text)
    assert (await client.error())["code"] == "VALIDATION_ERROR"
    await client.ok("ping")


@pytest.mark.parametrize("text", ["[]", '["ping"]', '"ping"', "7", "null", "true"])
async def test_json_that_is_no_object_is_refused(connect: Connect, text: str) -> None:
    """Each message is one JSON object."""
    client = await connect()
    await client.send(text)
    assert (await client.error())["code"] == "VALIDATION_ERROR"
    await client.ok("ping")


@pytest.mark.parametrize("kind", [None, 7, True, ["ping"], {"a": 1}, "", "no-such-type", "PING", "welcome", "reply"])
async def test_a_wrong_type_is_named(connect: Connect, kind: object) -> None:
    """Missing (null), not a string, or unknown: a reply with VALIDATION_ERROR for the field `type`."""
    client = await connect()
    await client.send({"type": kind, "id": "t"})
    error = (await client.reply("t"))["error"]
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "type")
    await client.ok("ping")


async def test_a_missing_type_is_named(connect: Connect) -> None:
    """A message without `type` and without `id` gets an `error`."""
    client = await connect()
    await client.send({"roomId": "somewhere"})
    error = await client.error()
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "type")


async def test_an_error_names_the_unknown_request_or_none(connect: Connect) -> None:
    """`request` is what was asked for, where that is known."""
    client = await connect()
    await client.send({"type": "no-such-type"})
    assert (await client.event("error")).get("request") in {None, "no-such-type"}


WRONG_FIELDS: list[tuple[Json, str]] = [
    ({"type": "authenticate"}, "token"),
    ({"type": "authenticate", "token": 7}, "token"),
    ({"type": "create-room"}, "name"),
    ({"type": "create-room", "name": None}, "name"),
    ({"type": "create-room", "name": 7}, "name"),
    ({"type": "create-room", "name": ["Room"]}, "name"),
    ({"type": "create-room", "name": "Room", "roomId": 7}, "roomId"),
    ({"type": "create-room", "name": "Room", "maxUsers": "10"}, "maxUsers"),
    ({"type": "create-room", "name": "Room", "maxUsers": True}, "maxUsers"),
    ({"type": "create-room", "name": "Room", "maxUsers": 2.5}, "maxUsers"),
    ({"type": "join-room"}, "roomId"),
    ({"type": "join-room", "roomId": None}, "roomId"),
    ({"type": "join-room", "roomId": 7}, "roomId"),
    ({"type": "join-room", "roomId": {"id": "room"}}, "roomId"),
    ({"type": "close-room", "roomId": 7}, "roomId"),
    ({"type": "close-room", "reason": 7}, "reason"),
    ({"type": "list-rooms", "limit": "5"}, "limit"),
    ({"type": "list-rooms", "limit": 1.5}, "limit"),
    ({"type": "list-rooms", "cursor": 7}, "cursor"),
    ({"type": "offer"}, "sdp"),
    ({"type": "offer", "sdp": None}, "sdp"),
    ({"type": "offer", "sdp": 7}, "sdp"),
    ({"type": "offer", "sdp": ["v=0"]}, "sdp"),
    ({"type": "answer"}, "sdp"),
    ({"type": "answer", "sdp": True}, "sdp"),
    ({"type": "offer", "sdp": "v=0", "to": 7}, "to"),
    ({"type": "ice-candidate"}, "candidate"),
    ({"type": "ice-candidate", "candidate": 7}, "candidate"),
    ({"type": "ice-candidate", "candidate": []}, "candidate"),
    ({"type": "ice-candidate", "candidate": False}, "candidate"),
    ({"type": "ice-candidate", "candidate": None, "to": ["p_x"]}, "to"),
    ({"type": "signal"}, "data"),
    ({"type": "signal", "data": 1, "to": {}}, "to"),
    ({"type": "message"}, "data"),
    ({"type": "message", "data": 1, "to": 5}, "to"),
    ({"type": "set-state"}, "state"),
    ({"type": "set-state", "state": None}, "state"),
    ({"type": "set-state", "state": "muted"}, "state"),
    ({"type": "set-state", "state": [1]}, "state"),
    ({"type": "kick"}, "peerId"),
    ({"type": "kick", "peerId": None}, "peerId"),
    ({"type": "kick", "peerId": 7}, "peerId"),
    ({"type": "kick", "peerId": "p_x", "reason": 7}, "reason"),
]


@pytest.mark.parametrize(("request_", "field"), WRONG_FIELDS, ids=[json.dumps(r)[9:-1] for r, _ in WRONG_FIELDS])
async def test_a_wrong_field_is_named_in_the_reply(connect: Connect, request_: Json, field: str) -> None:
    """A missing field, or one of a wrong type: VALIDATION_ERROR with `details.field`."""
    client = await connect()
    await client.ok("create-room" if request_["type"] != "create-room" else "ping", name="Room")
    await client.send({**request_, "id": "wrong"})
    reply = await client.reply("wrong")
    assert reply["success"] is False
    assert (reply["error"]["code"], reply["error"]["details"]["field"]) == ("VALIDATION_ERROR", field)
    await client.ok("ping")


@pytest.mark.parametrize(
    ("request_", "field"), WRONG_FIELDS[::6], ids=[json.dumps(r)[9:-1] for r, _ in WRONG_FIELDS[::6]]
)
async def test_a_wrong_field_is_named_in_an_error(connect: Connect, request_: Json, field: str) -> None:
    """The same without an id: an `error` that names request and field."""
    client = await connect()
    await client.send(request_)
    message = await client.event("error")
    assert message["request"] == request_["type"]
    assert (message["error"]["code"], message["error"]["details"]["field"]) == ("VALIDATION_ERROR", field)


async def test_a_bad_client_does_not_disturb_its_neighbours(meet: Meet) -> None:
    """One member sends rubbish until it is thrown out; the others hear of the departure alone."""
    ann, bob, bad = await meet("ann", "bob", "bad")
    for _ in range(20):
        await bad.send('{"type":"offer","sdp":{"a":')
    assert (await bad.closed()).code == 4500
    left = await ann.event("user-left")
    assert (left["peerId"], left["reason"]) == (bad.peer_id, "disconnected")
    await ann.ok("message", to=bob.peer_id, data="still here?")
    assert [event["type"] for event in await bob.pending()] == ["user-left", "message"]
