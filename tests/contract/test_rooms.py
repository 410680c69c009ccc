"""PROTOCOL.md 3: create, join, leave and close, each with its refusals."""

import pytest

from tests.contract.conftest import Connect, Meet


async def test_create_makes_and_enters_the_room(connect: Connect, room_id: str) -> None:
    """The reply describes the room; the creator is in it."""
    ann = await connect("ann")
    reply = await ann.ok("create-room", roomId=room_id, name="Weekly", maxUsers=4)
    expected = {"roomId": room_id, "name": "Weekly", "maxUsers": 4, "existingUsers": []}
    assert {name: reply[name] for name in expected} == expected
    assert (await ann.ok("leave-room"))["roomId"] == room_id


async def test_a_room_takes_ten_unless_told(connect: Connect) -> None:
    """`maxUsers` is 10 by default."""
    assert (await (await connect()).ok("create-room", name="Default"))["maxUsers"] == 10


async def test_a_taken_room_id_is_refused(meet: Meet, connect: Connect) -> None:
    """ROOM_EXISTS, and the caller is in no room."""
    (ann,) = await meet("ann")
    bob = await connect("bob")
    assert (await bob.refused("create-room", roomId=ann.room_id, name="Mine"))["code"] == "ROOM_EXISTS"
    assert (await bob.refused("leave-room"))["code"] == "NOT_IN_ROOM"


@pytest.mark.parametrize("elsewhere", ["another-new-room", None])
async def test_create_while_in_a_room_is_refused(meet: Meet, elsewhere: str | None) -> None:
    """IN_ANOTHER_ROOM; the old room is kept."""
    ann, bob = await meet("ann", "bob")
    for member in (ann, bob):
        error = await member.refused("create-room", roomId=elsewhere, name="Second")
        assert error["code"] == "IN_ANOTHER_ROOM"
    assert (await ann.ok("message", data=1))["delivered"] == 1


async def test_join_describes_the_room_and_its_members(meet: Meet, connect: Connect) -> None:
    """`roomId`, `name`, `ownerId`, `maxUsers` and every other member."""
    ann, bob = await meet("ann", "bob")
    cy = await connect("cy")
    reply = await cy.ok("join-room", roomId=ann.room_id)
    expected = {"roomId": ann.room_id, "name": "Room of ann", "ownerId": ann.user_id, "maxUsers": 10}
    assert {name: reply[name] for name in expected} == expected
    members = {member["peerId"]: member for member in reply["existingUsers"]}
    assert set(members) == {ann.peer_id, bob.peer_id}
    assert set(members[ann.peer_id]) >= {"peerId", "userId", "username", "state", "polite", "joinedAt"}
    assert (members[bob.peer_id]["userId"], members[bob.peer_id]["username"]) == (bob.user_id, "bob")


async def test_the_others_are_told_of_a_joiner(meet: Meet, connect: Connect) -> None:
    """`user-joined` is a member; the joiner itself gets none."""
    ann, bob = await meet("ann", "bob")
    cy = await connect("cy")
    await cy.ok("join-room", roomId=ann.room_id)
    for other in (ann, bob):
        joined = await other.event("user-joined")
        assert (joined["peerId"], joined["userId"], joined["username"]) == (cy.peer_id, cy.user_id, "cy")
        assert {"state", "polite", "joinedAt"} <= set(joined)
    assert await cy.pending() == []


async def test_join_an_unknown_room_is_refused(connect: Connect) -> None:
    """ROOM_NOT_FOUND."""
    assert (await (await connect()).refused("join-room", roomId="no-such-room"))["code"] == "ROOM_NOT_FOUND"


async def test_join_twice_is_refused(meet: Meet) -> None:
    """ALREADY_JOINED; nobody hears of it."""
    ann, bob = await meet("ann", "bob")
    assert (await bob.refused("join-room", roomId=ann.room_id))["code"] == "ALREADY_JOINED"
    assert await ann.pending() == []


async def test_join_while_in_another_room_is_refused(meet: Meet) -> None:
    """IN_ANOTHER_ROOM."""
    (ann,) = await meet("ann")
    (bob,) = await meet("bob", room_id=f"{ann.room_id}-2")
    assert (await bob.refused("join-room", roomId=ann.room_id))["code"] == "IN_ANOTHER_ROOM"
    assert await ann.pending() == []


async def test_a_user_may_join_with_two_peers(meet: Meet, connect: Connect) -> None:
    """ALREADY_JOINED speaks of the connection, not of the user."""
    (ann,) = await meet("ann")
    again = await connect("ann", user_id=ann.user_id)
    members = (await again.ok("join-room", roomId=ann.room_id))["existingUsers"]
    assert [member["peerId"] for member in members] == [ann.peer_id]


async def test_a_full_room_is_refused_until_someone_leaves(connect: Connect, room_id: str) -> None:
    """ROOM_FULL names the limit; a place that becomes free can be taken."""
    ann, bob, cy = await connect("ann"), await connect("bob"), await connect("cy")
    await ann.ok("create-room", roomId=room_id, name="For two", maxUsers=2)
    await bob.ok("join-room", roomId=room_id)
    error = await cy.refused("join-room", roomId=room_id)
    assert error["code"] == "ROOM_FULL"
    assert "2" in error["message"]
    await bob.ok("leave-room")
    await cy.ok("join-room", roomId=room_id)
    assert [event["type"] for event in await ann.pending()] == ["user-joined", "user-left", "user-joined"]


async def test_leave_tells_the_others(meet: Meet) -> None:
    """The reply names the room; the others get `user-left` with reason `left`; the leaver is free."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    assert (await bob.ok("leave-room"))["roomId"] == ann.room_id
    for other in (ann, cy):
        left = await other.event("user-left")
        assert (left["peerId"], left["userId"], left["reason"]) == (bob.peer_id, bob.user_id, "left")
    assert (await bob.refused("leave-room"))["code"] == "NOT_IN_ROOM"
    assert await bob.pending() == []


async def test_leave_in_no_room_is_refused(connect: Connect) -> None:
    """NOT_IN_ROOM."""
    assert (await (await connect()).refused("leave-room"))["code"] == "NOT_IN_ROOM"


async def test_one_who_left_can_come_back(meet: Meet) -> None:
    """The same connection joins again, and is told of once each time."""
    ann, bob = await meet("ann", "bob")
    for _ in range(3):
        await bob.ok("leave-room")
        await bob.ok("join-room", roomId=ann.room_id)
    kinds = [(event["type"], event["peerId"]) for event in await ann.pending()]
    assert kinds == [("user-left", bob.peer_id), ("user-joined", bob.peer_id)] * 3


async def test_the_owner_closes_the_room_for_all(meet: Meet) -> None:
    """All members get `room-closed`, the owner among them, and are out of the room."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    assert (await ann.ok("close-room", reason="Lunch"))["roomId"] == ann.room_id
    for member in (ann, bob, cy):
        events = await member.pending()
        assert [(e["type"], e["roomId"], e["reason"]) for e in events] == [("room-closed", ann.room_id, "Lunch")]
        assert (await member.refused("message", data=1))["code"] == "NOT_IN_ROOM"
    assert (await bob.refused("join-room", roomId=ann.room_id))["code"] == "ROOM_NOT_FOUND"


async def test_members_of_a_closed_room_can_go_on_elsewhere(meet: Meet) -> None:
    """Out of the room at once: they may create and join again."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("close-room", roomId=ann.room_id)
    await bob.ok("create-room", roomId=f"{ann.room_id}-2", name="Second")
    reply = await ann.ok("join-room", roomId=f"{ann.room_id}-2")
    assert [member["peerId"] for member in reply["existingUsers"]] == [bob.peer_id]


@pytest.mark.parametrize("role", ["admin", "moderator"])
async def test_a_role_closes_any_room_from_outside(meet: Meet, connect: Connect, role: str) -> None:
    """`admin` and `moderator` need not be in it."""
    (ann,) = await meet("ann")
    warden = await connect("warden", role=role)
    await warden.ok("close-room", roomId=ann.room_id, reason="House rules")
    assert (await ann.event("room-closed"))["reason"] == "House rules"


async def test_the_owner_closes_the_room_from_outside(meet: Meet) -> None:
    """Having left it, the owner may still close it by its id."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("leave-room")
    await ann.ok("close-room", roomId=ann.room_id)
    assert (await bob.event("user-left"))["peerId"] == ann.peer_id
    await bob.event("room-closed")
    assert await ann.pending() == []


async def test_a_member_and_a_stranger_may_not_close(meet: Meet, connect: Connect) -> None:
    """FORBIDDEN; the room goes on."""
    ann, bob = await meet("ann", "bob")
    stranger = await connect("stranger")
    assert (await bob.refused("close-room"))["code"] == "FORBIDDEN"
    assert (await stranger.refused("close-room", roomId=ann.room_id))["code"] == "FORBIDDEN"
    assert (await ann.ok("message", data=1))["delivered"] == 1


async def test_close_needs_a_room(connect: Connect) -> None:
    """No `roomId` and in no room: NOT_IN_ROOM; an unknown one: ROOM_NOT_FOUND."""
    admin = await connect("admin", role="admin")
    assert (await admin.refused("close-room"))["code"] == "NOT_IN_ROOM"
    assert (await admin.refused("close-room", roomId="no-such-room"))["code"] == "ROOM_NOT_FOUND"


async def test_a_closed_room_is_closed_once(meet: Meet) -> None:
    """A second close finds no room."""
    (ann,) = await meet("ann")
    await ann.ok("close-room", roomId=ann.room_id)
    assert (await ann.refused("close-room", roomId=ann.room_id))["code"] == "ROOM_NOT_FOUND"
