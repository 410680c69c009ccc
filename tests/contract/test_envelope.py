"""PROTOCOL.md 2: ids, replies, errors without an id, and the order of answers."""

import pytest

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Closed, Json
from tests.harness.errors import checked


@pytest.mark.parametrize(
    "request_id",
    [0, 7, -1, 2**31, 2**53 - 1, "", "a", "seven", "x" * 64, "é" * 64, "요청", 'say "hi"\\', "<id>"],
)
async def test_the_reply_carries_the_id(connect: Connect, request_id: int | str) -> None:
    """An integer or a string of at most 64 characters comes back as it was."""
    client = await connect()
    await client.send({"type": "ping", "id": request_id})
    reply = await client.reply(request_id)
    assert reply["success"] is True
    assert type(reply["id"]) is type(request_id)


@pytest.mark.parametrize("request_id", ["1.5", "true", "{}", "[7]", f'"{"x" * 65}"'])
async def test_a_wrong_id_is_named(connect: Connect, request_id: str) -> None:
    """A wrong id cannot be replied to: an `error` names the field `id`."""
    client = await connect()
    await client.send(f'{{"type":"ping","id":{request_id}}}')
    error = await client.error()
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "id")
    await client.ok("ping")


async def test_an_id_of_null_is_no_id(connect: Connect) -> None:
    """`null` for an optional field is the same as leaving it out: success is silent."""
    client = await connect()
    await client.send({"type": "ping", "id": None})
    assert await client.pending() == []


async def test_success_without_an_id_is_silent(connect: Connect, room_id: str) -> None:
    """The request is done, and nothing is said."""
    client = await connect()
    await client.send({"type": "create-room", "roomId": room_id, "name": "Quiet"})
    assert await client.pending() == []
    assert (await client.refused("join-room", roomId=room_id))["code"] == "ALREADY_JOINED"


async def test_failure_without_an_id_is_an_error_naming_the_request(connect: Connect) -> None:
    """`{"type":"error","request":"join-room","error":{…}}`."""
    client = await connect()
    await client.send({"type": "join-room", "roomId": "no-such-room"})
    message = await client.event("error")
    assert set(message) == {"type", "request", "error"}
    assert message["request"] == "join-room"
    assert checked(message["error"])["code"] == "ROOM_NOT_FOUND"


async def test_a_failed_reply_has_the_envelope_of_the_contract(connect: Connect) -> None:
    """`type`, `id`, `success` and `error`, nothing else."""
    client = await connect()
    reply = await client.request("leave-room")
    assert set(reply) == {"type", "id", "success", "error"}
    assert reply["success"] is False
    assert checked(reply["error"])["code"] == "NOT_IN_ROOM"


async def test_requests_are_answered_in_the_order_sent(connect: Connect, room_id: str) -> None:
    """Slow ones (create, join, list) do not let quick ones pass."""
    client = await connect()
    requests: list[Json] = [
        {"type": "create-room", "roomId": room_id, "name": "In order"},
        {"type": "message", "data": 1},
        {"type": "list-rooms"},
        {"type": "ping"},
        {"type": "leave-room"},
        {"type": "message", "data": 2},
        {"type": "create-room", "roomId": room_id, "name": "Again"},
        {"type": "ice-servers"},
        {"type": "close-room"},
        {"type": "ping"},
    ]
    for number, request in enumerate(requests):
        await client.send({**request, "id": f"r{number}"})
    answers = [await client.reply(f"r{number}") for number in range(len(requests))]
    assert [answer["success"] for answer in answers] == [True] * 5 + [False] + [True] * 4
    assert answers[5]["error"]["code"] == "NOT_IN_ROOM"


async def test_replies_leave_in_the_order_of_the_requests(connect: Connect) -> None:
    """The raw sequence of replies on the wire is the sequence of requests."""
    client = await connect()
    for number in range(40):
        kind = "ping" if number % 2 else "list-rooms"
        await client.send({"type": kind, "id": number})
    await client.reply(39)
    assert list(client.replies) == list(range(39))


async def test_no_request_of_a_burst_is_lost(connect: Connect) -> None:
    """Requests that must wait (join), sent without waiting for the answers, each get their one reply."""
    for _ in range(40):
        client = await connect()
        for number in range(20):
            await client.send({"type": "join-room", "id": f"n{number}", "roomId": "no-such-room"})
        await client.ok("ping")
        assert list(client.replies) == [f"n{number}" for number in range(20)]
        await client.drop()


async def test_the_reply_comes_after_the_events_it_implies(meet: Meet, connect: Connect) -> None:
    """When the joiner has its reply, the others' `user-joined` is already queued."""
    ann, bob = await meet("ann", "bob")
    for _ in range(20):
        joiner = await connect("cy")
        await joiner.ok("join-room", roomId=ann.room_id)
        assert [event["peerId"] for event in await ann.pending()] == [joiner.peer_id]
        await joiner.ok("leave-room")
        kinds = [event["type"] for event in await bob.pending()]
        assert kinds == ["user-joined", "user-left"]
        await ann.pending()


async def test_unknown_members_are_ignored(connect: Connect, room_id: str) -> None:
    """A newer client may say more than this server knows."""
    client = await connect()
    await client.ok("create-room", roomId=room_id, name="Newer", colour="red", nested={"a": [1, 2]})
    await client.ok("ping", roomId=5, to=False, data=None)


async def test_null_for_an_optional_field_is_leaving_it_out(connect: Connect) -> None:
    """`roomId`, `maxUsers`, `limit`, `cursor`, `to` and `reason` of null have their defaults."""
    client = await connect()
    reply = await client.ok("create-room", roomId=None, name="Defaults", maxUsers=None)
    assert reply["maxUsers"] == 10
    await client.ok("list-rooms", limit=None, cursor=None)
    assert (await client.ok("message", to=None, data=1))["delivered"] == 0
    assert (await client.ok("close-room", roomId=None, reason=None))["roomId"] == reply["roomId"]


@pytest.mark.parametrize("text", [r'{"\u0074ype":"ping","id":1}', ' {\n\t"id" : 1 ,\r\n "type" : "p\\u0069ng" } '])
async def test_json_may_be_written_in_any_way(connect: Connect, text: str) -> None:
    """White space and escapes, in names too, change nothing."""
    client = await connect()
    await client.send(text)
    assert (await client.reply(1))["success"] is True


async def test_twenty_bad_messages_within_a_minute_end_the_connection(connect: Connect) -> None:
    """Nineteen are answered and forgiven; the twentieth is answered and closes with 4500."""
    client = await connect()
    for number in range(19):
        bad = ["{", '{"type":"nope"}', '{"type":"join-room","roomId":5}', "[]"][number % 4]
        await client.send(bad)
        assert (await client.error())["code"] == "VALIDATION_ERROR"
    await client.ok("ping")
    await client.send("{")
    assert (await client.error())["code"] == "VALIDATION_ERROR"
    assert await client.closed() == Closed(4500, "bad-request")


async def test_bad_requests_with_an_id_count_as_well(connect: Connect) -> None:
    """Twenty validation errors given as replies close with 4500."""
    client = await connect()
    for _ in range(20):
        assert (await client.refused("join-room", roomId="x"))["code"] == "VALIDATION_ERROR"
    assert await client.closed() == Closed(4500, "bad-request")


async def test_other_refusals_do_not_end_the_connection(connect: Connect) -> None:
    """Fifty times NOT_IN_ROOM is a clumsy client, not a bad one."""
    client = await connect()
    for _ in range(50):
        assert (await client.refused("leave-room"))["code"] == "NOT_IN_ROOM"
    await client.ok("ping")
