"""PROTOCOL.md 3: offer, answer, ice-candidate, signal and message: to whom, how many, in which order."""

import json

import pytest

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Json
from tests.harness.frames import raw_members

SDP = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n"
CANDIDATE = {"candidate": "candidate:1 1 UDP 2122 10.0.0.1 5000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}

RELAYED: list[Json] = [
    {"type": "offer", "sdp": SDP},
    {"type": "offer", "sdp": {"type": "offer", "sdp": SDP}},
    {"type": "answer", "sdp": SDP},
    {"type": "answer", "sdp": {"type": "answer", "sdp": SDP}},
    {"type": "answer", "sdp": {"type": "rollback", "sdp": ""}},
    {"type": "ice-candidate", "candidate": CANDIDATE},
    {"type": "ice-candidate", "candidate": CANDIDATE["candidate"]},
    {"type": "ice-candidate", "candidate": ""},
    {"type": "ice-candidate", "candidate": None},
    {"type": "signal", "data": {"renegotiate": True}},
    {"type": "signal", "data": None},
    {"type": "message", "data": "Hello, 세계"},
    {"type": "message", "data": [1, {"two": [3.5, None, False]}]},
    {"type": "message", "data": 0},
]
PAYLOADS = {
    "offer": "sdp",
    "answer": "sdp",
    "ice-candidate": "candidate",
    "signal": "data",
    "message": "data",
}
relayed = pytest.mark.parametrize("sent", RELAYED, ids=[json.dumps(m)[9:60] for m in RELAYED])
EACH = list({message["type"]: message for message in RELAYED}.values())
one_of_each = pytest.mark.parametrize("sent", EACH, ids=[message["type"] for message in EACH])


@relayed
async def test_a_directed_message_reaches_its_peer_alone(meet: Meet, sent: Json) -> None:
    """With `to`: one receiver gets type, sender and payload, and nothing else."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await ann.send({**sent, "id": 0, "to": bob.peer_id, "room": "x", "extra": {"not": "relayed"}})
    assert (await ann.reply(0))["delivered"] == 1
    payload = PAYLOADS[sent["type"]]
    assert await bob.event(sent["type"]) == {
        "type": sent["type"],
        "from": ann.peer_id,
        payload: sent[payload],
    }
    assert await cy.pending() == []
    assert await ann.pending() == []


@one_of_each
async def test_without_to_every_other_member_gets_it(meet: Meet, sent: Json) -> None:
    """A broadcast counts its receivers and leaves out the sender."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await ann.send({**sent, "id": 0})
    assert (await ann.reply(0))["delivered"] == 2
    for other in (bob, cy):
        assert (await other.event(sent["type"]))["from"] == ann.peer_id
    assert await ann.pending() == []


async def test_alone_in_a_room_nobody_gets_it(meet: Meet) -> None:
    """`delivered` is 0."""
    (ann,) = await meet("ann")
    assert (await ann.ok("message", data="Hello?"))["delivered"] == 0


@one_of_each
async def test_outside_a_room_nothing_is_relayed(connect: Connect, sent: Json) -> None:
    """NOT_IN_ROOM."""
    ann = await connect("ann")
    await ann.send({**sent, "id": 0})
    assert (await ann.reply(0))["error"]["code"] == "NOT_IN_ROOM"


@one_of_each
async def test_an_unknown_peer_is_not_found(meet: Meet, sent: Json) -> None:
    """PEER_NOT_FOUND at once, never a silent drop; the others get nothing."""
    ann, bob = await meet("ann", "bob")
    for unknown in ("p_nobody", "", "x" * 1000, ann.room_id, str(bob.user_id)):
        await ann.send({**sent, "id": 0, "to": unknown})
        assert (await ann.reply(0))["error"]["code"] == "PEER_NOT_FOUND"
    assert await bob.pending() == []


async def test_a_peer_of_another_room_is_not_found(meet: Meet) -> None:
    """A peer can be reached in the sender's room only."""
    (ann,) = await meet("ann")
    (bob,) = await meet("bob", room_id=f"{ann.room_id}-2")
    assert (await ann.refused("message", to=bob.peer_id, data=1))["code"] == "PEER_NOT_FOUND"
    assert await bob.pending() == []


async def test_a_peer_that_left_is_not_found(meet: Meet) -> None:
    """Once it has left it cannot be reached; its own messages reach nobody."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("leave-room")
    assert (await ann.refused("offer", to=bob.peer_id, sdp="v=0"))["code"] == "PEER_NOT_FOUND"
    assert await bob.pending() == []


async def test_oneself_is_no_receiver(meet: Meet) -> None:
    """`to` may not be one's own peer id."""
    ann, _bob = await meet("ann", "bob")
    assert (await ann.refused("message", to=ann.peer_id, data=1))["code"] in {
        "PEER_NOT_FOUND",
        "VALIDATION_ERROR",
    }
    assert await ann.pending() == []


async def test_a_refused_relay_without_an_id_is_an_error(meet: Meet) -> None:
    """`request` names the relayed type."""
    ann, _bob = await meet("ann", "bob")
    await ann.send({"type": "ice-candidate", "to": "p_nobody", "candidate": None})
    message = await ann.event("error")
    assert (message["request"], message["error"]["code"]) == ("ice-candidate", "PEER_NOT_FOUND")


@pytest.mark.parametrize("forged", ['"from":"server"', '"from":"{victim}"', r'"fr\u006fm":"{victim}"', '"from":null'])
async def test_the_sender_cannot_be_forged(meet: Meet, forged: str) -> None:
    """`from` is set by the server, once."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    forged = forged.replace("{victim}", cy.peer_id)
    await ann.send(f'{{{forged},"type":"message","id":1,"to":"{bob.peer_id}","data":1,{forged}}}')
    await ann.reply(1)
    members = raw_members((await bob.message()).text)
    assert sorted(members) == [("data", "1"), ("from", f'"{ann.peer_id}"'), ("type", '"message"')]


EXACT = [
    "1.0",
    "1e5",
    "1E+05",
    "-0",
    "-0.0",
    "12345678901234567890",
    "123456789012345678901234567890.123456789012345678901234567890",
    "0.1000000000000000055511151231257827",
    "1e400",
    r'"\u00e9"',
    '"é"',
    r'"\/"',
    r'"\ud83d\ude00"',
    '"😀"',
    r'"\ud800"',
    r'"\u0000\u2028\u007f"',
    '"<b>&\'"',
    '"\u2028\u007f"',
    r'{"b":1,"a":2,"\u0062":3}',
    '[1.0,{"x":[1e5,null]},"\\\\\\""]',
]


@pytest.mark.parametrize("data", EXACT)
@pytest.mark.parametrize("kind", ["signal", "message"])
async def test_the_payload_arrives_byte_for_byte(meet: Meet, kind: str, data: str) -> None:
    """Numbers, escapes and doubled members are not rewritten, directed or broadcast, id or none."""
    ann, bob = await meet("ann", "bob")
    await ann.send(f'{{"type":"{kind}","id":1,"to":"{bob.peer_id}","data":{data}}}')
    await ann.send(f'{{"data":{data},"type":"{kind}"}}')
    assert (await ann.reply(1))["delivered"] == 1
    for _ in range(2):
        assert dict(raw_members((await bob.message()).text))["data"] == data


@pytest.mark.parametrize(
    ("kind", "payload", "value"),
    [
        ("offer", "sdp", r'"v=0\r\no=\u002d \/"'),
        ("answer", "sdp", r'{"sdp":"v=0\r\n\u00e9","type":"answer"}'),
        (
            "ice-candidate",
            "candidate",
            r'{"sdpMLineIndex":0.0,"candidate":"\u0063andidate:1","big":12345678901234567890}',
        ),
    ],
)
async def test_descriptions_and_candidates_are_untouched(meet: Meet, kind: str, payload: str, value: str) -> None:
    """`sdp` and `candidate` arrive as they were written."""
    ann, bob = await meet("ann", "bob")
    await ann.send(f'{{"type":"{kind}","{payload}":{value}}}')
    assert dict(raw_members((await bob.message()).text))[payload] == value


async def test_messages_arrive_in_the_order_sent_and_once(meet: Meet) -> None:
    """Directed, broadcast, long and short, with id and without: one sender, one order."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    for number in range(300):
        message: Json = {
            "type": ("message", "signal")[number % 2],
            "data": [number, "x" * (number % 5 * 3000)],
        }
        if number % 3:
            message["to"] = bob.peer_id
        if number % 4 == 0:
            message["id"] = number
        await ann.send(message)
    await ann.ok("ping")
    assert [event["data"][0] for event in await bob.pending()] == list(range(300))
    assert [event["data"][0] for event in await cy.pending()] == list(range(0, 300, 3))


async def test_events_and_messages_share_one_order(meet: Meet) -> None:
    """State, messages and leaving of one sender arrive in the order they happened."""
    ann, bob = await meet("ann", "bob")
    await ann.send({"type": "message", "data": 1})
    await ann.send({"type": "set-state", "state": {"step": 2}})
    await ann.send({"type": "offer", "sdp": "v=3"})
    await ann.send({"type": "leave-room"})
    await ann.ok("ping")
    kinds = [event["type"] for event in await bob.pending()]
    assert kinds == ["message", "user-updated", "offer", "user-left"]


async def test_two_rooms_do_not_hear_each_other(meet: Meet) -> None:
    """A broadcast ends at the walls of its room."""
    ann, _bob = await meet("ann", "bob")
    cy, dee = await meet("cy", "dee", room_id=f"{ann.room_id}-2")
    await ann.ok("message", data="in the first")
    assert await cy.pending() == await dee.pending() == []
