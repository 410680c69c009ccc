"""PROTOCOL.md 3: `kick`, who may and what follows."""

import html

import pytest

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Closed

KICKED = Closed(4503, "kicked")


async def test_the_owner_kicks_in_the_own_room(meet: Meet) -> None:
    """The peer gets `kicked` and close 4503; the others `user-left` with reason `kicked`."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await ann.ok("kick", peerId=bob.peer_id, reason="Too <loud>")
    assert html.unescape((await bob.event("kicked"))["reason"]) == "Too <loud>"
    assert await bob.closed() == KICKED
    left = await cy.event("user-left")
    assert (left["peerId"], left["reason"]) == (bob.peer_id, "kicked")
    assert [event["peerId"] for event in await ann.pending()] == [bob.peer_id]
    assert await cy.pending() == []


async def test_a_reason_is_escaped(meet: Meet) -> None:
    """It goes to web pages: no `<`, `>` or quotes in it."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("kick", peerId=bob.peer_id, reason="<script>'\"")
    assert not set((await bob.event("kicked"))["reason"]) & set("<>'\"")


async def test_a_kick_needs_no_reason(meet: Meet) -> None:
    """`reason` is optional."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("kick", peerId=bob.peer_id)
    await bob.event("kicked")
    assert await bob.closed() == KICKED


@pytest.mark.parametrize("role", ["moderator", "admin"])
async def test_a_role_kicks_in_any_room(meet: Meet, connect: Connect, role: str) -> None:
    """From outside the room, the owner too."""
    ann, bob = await meet("ann", "bob")
    warden = await connect("warden", role=role)
    await warden.ok("kick", peerId=ann.peer_id, reason="House rules")
    await ann.event("kicked")
    assert await ann.closed() == KICKED
    assert (await bob.event("user-left"))["reason"] == "kicked"


async def test_a_member_may_not_kick(meet: Meet) -> None:
    """FORBIDDEN; nobody is gone."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    for target in (ann, cy):
        assert (await bob.refused("kick", peerId=target.peer_id))["code"] == "FORBIDDEN"
    assert (await ann.ok("message", data=1))["delivered"] == 2


async def test_an_owner_may_not_kick_elsewhere(meet: Meet) -> None:
    """Owning one room gives no right in another; what it says of the peer does not matter."""
    (ann,) = await meet("ann")
    bob, cy = await meet("bob", "cy", room_id=f"{ann.room_id}-2")
    assert (await ann.refused("kick", peerId=cy.peer_id))["code"] in {"FORBIDDEN", "PEER_NOT_FOUND"}
    assert (await bob.ok("message", to=cy.peer_id, data=1))["delivered"] == 1


async def test_an_unknown_peer_cannot_be_kicked(meet: Meet, connect: Connect) -> None:
    """PEER_NOT_FOUND, also for a moderator."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("leave-room")
    moderator = await connect("mo", role="moderator")
    for peer_id in ("p_nobody", bob.peer_id):
        assert (await ann.refused("kick", peerId=peer_id))["code"] == "PEER_NOT_FOUND"
    assert (await moderator.refused("kick", peerId="p_nobody"))["code"] == "PEER_NOT_FOUND"
    assert await bob.pending() == []


async def test_the_kicked_connection_alone_is_closed(meet: Meet, connect: Connect) -> None:
    """Another connection of the same user stays."""
    ann, bob = await meet("ann", "bob")
    twin = await connect("bob", user_id=bob.user_id)
    await twin.ok("join-room", roomId=ann.room_id)
    await ann.ok("kick", peerId=bob.peer_id)
    assert await bob.closed() == KICKED
    assert (await ann.ok("message", to=twin.peer_id, data=1))["delivered"] == 1


async def test_a_kick_without_an_id_is_silent(meet: Meet) -> None:
    """Done, and nothing said but the event."""
    ann, bob = await meet("ann", "bob")
    await ann.send({"type": "kick", "peerId": bob.peer_id, "reason": "Bye"})
    assert await bob.closed() == KICKED
    assert [event["type"] for event in await ann.pending()] == ["user-left"]
