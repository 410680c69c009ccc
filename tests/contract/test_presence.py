"""PROTOCOL.md 3 and 4: presence state, and the polite roles of perfect negotiation."""

from itertools import permutations

import pytest
import trio

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Client


async def test_a_state_is_told_to_the_others(meet: Meet) -> None:
    """`user-updated` with peer and state, to all but the peer itself."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await ann.ok("set-state", state={"muted": True, "hand": {"raised": 1}})
    for other in (bob, cy):
        update = await other.event("user-updated")
        assert (update["peerId"], update["state"]) == (ann.peer_id, {"muted": True, "hand": {"raised": 1}})
    assert await ann.pending() == []


async def test_a_state_replaces_the_one_before(meet: Meet, connect: Connect) -> None:
    """No merging: the last object is the state, for those who join later too."""
    ann, bob = await meet("ann", "bob")
    for state in ({"muted": True, "camera": "on"}, {"camera": "off"}, {}):
        await ann.ok("set-state", state=state)
        assert (await bob.event("user-updated"))["state"] == state
        cy = await connect("cy")
        members = (await cy.ok("join-room", roomId=ann.room_id))["existingUsers"]
        assert {member["peerId"]: member["state"] for member in members}[ann.peer_id] == state
        await cy.ok("leave-room")
        await bob.pending()


async def test_a_state_set_in_a_room_says_nothing_elsewhere(meet: Meet) -> None:
    """Only the others in the room hear of it."""
    ann, _bob = await meet("ann", "bob")
    (cy,) = await meet("cy", room_id=f"{ann.room_id}-2")
    await ann.ok("set-state", state={"muted": False})
    assert await cy.pending() == []


async def test_a_refused_state_changes_nothing(meet: Meet, connect: Connect) -> None:
    """After a VALIDATION_ERROR the old state stands and nobody was told."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("set-state", state={"muted": True})
    await bob.event("user-updated")
    await ann.refused("set-state", state={"long": "x" * 5000})
    assert await bob.pending() == []
    members = (await (await connect("cy")).ok("join-room", roomId=ann.room_id))["existingUsers"]
    assert {member["peerId"]: member["state"] for member in members}[ann.peer_id] == {"muted": True}


async def test_the_later_one_is_polite_toward_those_before(meet: Meet, connect: Connect) -> None:
    """True for every entry of `existingUsers`, false in each `user-joined`."""
    ann, bob = await meet("ann", "bob")
    cy = await connect("cy")
    members = (await cy.ok("join-room", roomId=ann.room_id))["existingUsers"]
    assert [member["polite"] for member in members] == [True, True]
    assert (await ann.event("user-joined"))["polite"] is False
    assert (await bob.event("user-joined"))["polite"] is False


async def test_coming_back_changes_sides(meet: Meet) -> None:
    """Who left and joined again is the later one now."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("leave-room")
    members = (await ann.ok("join-room", roomId=ann.room_id))["existingUsers"]
    assert [member["polite"] for member in members] == [True]
    await bob.event("user-left")
    assert (await bob.event("user-joined"))["polite"] is False


@pytest.mark.parametrize("round_", range(3))
async def test_no_pair_holds_the_same_role_twice(connect: Connect, room_id: str, round_: int) -> None:
    """Six peers join at once: of each pair exactly one is polite."""
    clients = [await connect(f"peer{number}") for number in range(6)]
    await clients[0].ok("create-room", roomId=f"{room_id}-{round_}", name="All at once")
    roles: dict[tuple[str, str], bool] = {}

    async def join(client: Client) -> None:
        reply = await client.ok("join-room", roomId=f"{room_id}-{round_}")
        for member in reply["existingUsers"]:
            roles[client.peer_id, member["peerId"]] = member["polite"]

    async with trio.open_nursery() as nursery:
        for client in clients[1:]:
            nursery.start_soon(join, client)
    for client in clients:
        for event in await client.pending():
            assert (client.peer_id, event["peerId"]) not in roles
            roles[client.peer_id, event["peerId"]] = event["polite"]
    assert set(roles) == set(permutations((client.peer_id for client in clients), 2))
    assert all(roles[a, b] is not roles[b, a] for a, b in roles)
