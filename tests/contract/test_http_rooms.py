"""PROTOCOL.md 7: rooms over HTTP."""

import html

import pytest

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Closed
from tests.harness.http import Api
from tests.harness.tokens import mint

ADMIN, MODERATOR, STRANGER = (mint(role, role, role=role) for role in ("admin", "moderator", "user"))


async def test_a_room_is_shown_with_its_members(meet: Meet, api: Api) -> None:
    """GET /api/rooms/{id}: the fields of the list and `members`; any valid token."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("set-state", state={"muted": True})
    room = (await api.ok("GET", f"/api/rooms/{ann.room_id}", STRANGER))["room"]
    listed = (await bob.ok("list-rooms", limit=100))["rooms"]
    assert {name: room[name] for name in listed[0]} in listed
    members = {member["peerId"]: member for member in room["members"]}
    assert set(members) == {ann.peer_id, bob.peer_id}
    shown = members[bob.peer_id]
    assert (shown["userId"], shown["username"], shown["state"]) == (bob.user_id, "bob", {"muted": True})
    assert isinstance(shown["joinedAt"], int | float)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5"])
async def test_a_bad_limit_is_named(api: Api, limit: str) -> None:
    """1 to 100, as in `list-rooms`."""
    error = await api.refused("VALIDATION_ERROR", "GET", f"/api/rooms?limit={limit}", STRANGER)
    assert error["details"]["field"] == "limit"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/participants", None),
        ("POST", "/messages", {"data": 1}),
    ],
)
async def test_an_unknown_room_is_not_found(api: Api, method: str, path: str, body: object) -> None:
    """404 ROOM_NOT_FOUND for every call that names a room."""
    await api.refused("ROOM_NOT_FOUND", method, f"/api/rooms/no-such-room{path}", ADMIN, json=body)


@pytest.mark.parametrize("token", [ADMIN, MODERATOR, None], ids=["admin", "moderator", "owner"])
async def test_delete_closes_the_room(meet: Meet, api: Api, token: str | None) -> None:
    """Owner, moderator or admin: all members get `room-closed`, and the room is gone."""
    ann, bob = await meet("ann", "bob")
    await api.ok("DELETE", f"/api/rooms/{ann.room_id}", token or mint(ann.user_id))
    for member in (ann, bob):
        assert (await member.event("room-closed"))["roomId"] == ann.room_id
        assert (await member.refused("leave-room"))["code"] == "NOT_IN_ROOM"
    await api.refused("ROOM_NOT_FOUND", "GET", f"/api/rooms/{ann.room_id}", ADMIN)


async def test_delete_is_not_for_members_and_strangers(meet: Meet, api: Api) -> None:
    """403 FORBIDDEN, and the room goes on."""
    ann, bob = await meet("ann", "bob")
    for token in (mint(bob.user_id), STRANGER):
        await api.refused("FORBIDDEN", "DELETE", f"/api/rooms/{ann.room_id}", token)
    assert await ann.pending() == await bob.pending() == []


@pytest.mark.parametrize("token", [ADMIN, MODERATOR, None], ids=["admin", "moderator", "owner"])
async def test_a_peer_is_kicked_over_http(meet: Meet, api: Api, token: str | None) -> None:
    """Owner, moderator or admin: `kicked`, close 4503, and `user-left` for the others."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await api.ok("DELETE", f"/api/rooms/{ann.room_id}/peers/{bob.peer_id}", token or mint(ann.user_id))
    await bob.event("kicked")
    assert await bob.closed() == Closed(4503, "kicked")
    assert (await cy.event("user-left"))["reason"] == "kicked"


async def test_kicking_over_http_is_not_for_members_and_strangers(meet: Meet, api: Api) -> None:
    """403 FORBIDDEN."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    for token in (mint(bob.user_id), STRANGER):
        await api.refused("FORBIDDEN", "DELETE", f"/api/rooms/{ann.room_id}/peers/{cy.peer_id}", token)
    assert await cy.pending() == []


async def test_a_peer_that_is_not_in_the_room_is_not_found(meet: Meet, connect: Connect, api: Api) -> None:
    """404 PEER_NOT_FOUND."""
    (ann,) = await meet("ann")
    outside = await connect("outside")
    for peer_id in ("p_nobody", outside.peer_id):
        await api.refused("PEER_NOT_FOUND", "DELETE", f"/api/rooms/{ann.room_id}/peers/{peer_id}", ADMIN)
    await outside.ok("ping")


async def test_an_admin_speaks_as_the_server(meet: Meet, api: Api) -> None:
    """All members get a `message` from `server`, and nothing beside it."""
    ann, bob = await meet("ann", "bob")
    data = {"notice": "Closing at <eight>", "at": 12345678901234567890}
    response = await api.call("POST", f"/api/rooms/{ann.room_id}/messages", ADMIN, json={"data": data})
    assert response.is_success, response.text
    assert response.json()["success"] is True
    for member in (ann, bob):
        assert await member.event("message") == {"type": "message", "from": "server", "data": data}


async def test_only_an_admin_speaks_as_the_server(meet: Meet, api: Api) -> None:
    """Neither the owner nor a moderator: FORBIDDEN, nothing sent."""
    ann, bob = await meet("ann", "bob")
    for token in (mint(ann.user_id), MODERATOR, STRANGER):
        await api.refused("FORBIDDEN", "POST", f"/api/rooms/{ann.room_id}/messages", token, json={"data": 1})
    assert await bob.pending() == []


async def test_a_message_needs_data(meet: Meet, api: Api) -> None:
    """VALIDATION_ERROR for `data`; null is data."""
    (ann,) = await meet("ann")
    path = f"/api/rooms/{ann.room_id}/messages"
    error = await api.refused("VALIDATION_ERROR", "POST", path, ADMIN, json={"text": "Hello"})
    assert error["details"]["field"] == "data"
    assert (await api.call("POST", path, ADMIN, json={"data": None})).is_success
    assert (await ann.event("message"))["data"] is None


async def test_names_are_escaped_over_http_too(connect: Connect, api: Api, room_id: str) -> None:
    """Stored escaped, sent escaped, and not twice."""
    ann = await connect("ann")
    await ann.ok("create-room", roomId=room_id, name="Q&A <live>")
    name = (await api.ok("GET", f"/api/rooms/{room_id}", STRANGER))["room"]["name"]
    assert name == html.escape("Q&A <live>")
