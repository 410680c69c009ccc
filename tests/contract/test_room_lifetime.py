"""PROTOCOL.md 4: why a member is gone, told exactly once, and when a room ends."""

from collections.abc import Awaitable, Callable

import pytest

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Client
from tests.harness.http import Api
from tests.harness.tokens import mint


async def leaves(client: Client, _owner: Client) -> None:
    await client.ok("leave-room")


async def closes(client: Client, _owner: Client) -> None:
    await client.leave()


async def drops(client: Client, _owner: Client) -> None:
    await client.drop()


async def is_kicked(client: Client, owner: Client) -> None:
    await owner.ok("kick", peerId=client.peer_id)


async def breaks_rules(client: Client, _owner: Client) -> None:
    await client.socket.send_message(b"binary")


Way = Callable[[Client, Client], Awaitable[None]]
WAYS: list[tuple[Way, str]] = [
    (leaves, "left"),
    (closes, "disconnected"),
    (drops, "disconnected"),
    (is_kicked, "kicked"),
    (breaks_rules, "disconnected"),
]


@pytest.mark.parametrize(("go", "reason"), WAYS, ids=[go.__name__ for go, _ in WAYS])
async def test_the_reason_of_leaving_is_told_once(meet: Meet, go: Way, reason: str) -> None:
    """Exactly one `user-left` with peer, user and reason, to each who stays."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await go(bob, ann)
    left = await ann.event("user-left")
    assert (left["peerId"], left["userId"], left["reason"]) == (bob.peer_id, bob.user_id, reason)
    assert [event["type"] for event in await cy.pending()] == ["user-left"]
    assert await ann.pending() == []


async def test_leaving_and_then_disconnecting_is_told_once(meet: Meet, connect: Connect) -> None:
    """The end of a connection that is in no room any more says nothing."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("leave-room")
    await bob.leave()
    await (await connect("cy")).ok("join-room", roomId=ann.room_id)
    assert [event["type"] for event in await ann.pending()] == ["user-left", "user-joined"]


async def test_nothing_is_told_of_a_room_one_has_left(meet: Meet, connect: Connect) -> None:
    """After leaving there are no events of that room."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("leave-room")
    await (await connect("cy")).ok("join-room", roomId=ann.room_id)
    await ann.ok("message", data="among us")
    await ann.ok("set-state", state={"muted": True})
    assert await bob.pending() == []


@pytest.mark.parametrize("go", [leaves, closes, drops], ids=["leaves", "closes", "drops"])
async def test_a_room_ends_with_its_last_member(meet: Meet, connect: Connect, api: Api, go: Way) -> None:
    """Gone from the lists and not to be joined, but its id can be used again."""
    ann, bob = await meet("ann", "bob")
    bystander = await connect("cy")
    await ann.ok("leave-room")
    await go(bob, ann)
    await room_is_gone(bystander, ann.room_id)
    await api.refused("ROOM_NOT_FOUND", "GET", f"/api/rooms/{ann.room_id}", mint())
    reply = await bystander.ok("create-room", roomId=ann.room_id, name="New life", maxUsers=3)
    assert (reply["name"], reply["maxUsers"], reply["existingUsers"]) == ("New life", 3, [])
    joined = await ann.ok("join-room", roomId=ann.room_id)
    assert joined["ownerId"] == bystander.user_id


async def test_a_room_ends_when_its_last_member_is_kicked(meet: Meet, connect: Connect) -> None:
    """A moderator empties the room from outside."""
    (ann,) = await meet("ann")
    moderator = await connect("mo", role="moderator")
    await moderator.ok("kick", peerId=ann.peer_id)
    await room_is_gone(moderator, ann.room_id)


async def test_a_room_outlives_its_owner(meet: Meet, connect: Connect) -> None:
    """While anyone is in it, it is there, and still the creator's."""
    ann, bob = await meet("ann", "bob")
    await ann.leave()
    assert (await bob.event("user-left"))["peerId"] == ann.peer_id
    cy = await connect("cy")
    assert (await cy.ok("join-room", roomId=ann.room_id))["ownerId"] == ann.user_id


async def room_is_gone(client: Client, room_id: str) -> None:
    """Ask until the end of the last member has been noticed; a drop takes a moment to arrive."""
    for _ in range(1000):
        listed = [room["roomId"] for room in (await client.ok("list-rooms", limit=100))["rooms"]]
        if room_id not in listed:
            break
    error = await client.refused("join-room", roomId=room_id)
    assert error["code"] == "ROOM_NOT_FOUND"
