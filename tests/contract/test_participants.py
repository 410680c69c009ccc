"""PROTOCOL.md 7: the history of a room, and which user an identity is."""

import time
import uuid

import pytest
import trio

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Json
from tests.harness.http import Api
from tests.harness.rows import rows
from tests.harness.server import Server
from tests.harness.tokens import mint

ADMIN = mint("history-admin", role="admin")


async def history(api: Api, room_id: str, token: str = ADMIN) -> dict[str, Json]:
    """The participants by peer id."""
    answer = await api.ok("GET", f"/api/rooms/{room_id}/participants", token)
    return {row["peerId"]: row for row in answer["participants"]}


async def closed_row(api: Api, room_id: str, peer_id: str) -> Json:
    """The row of a peer that has left, once it is written."""
    with trio.fail_after(10):
        while (row := (await history(api, room_id))[peer_id])["leftAt"] is None:
            pass
    return row


async def test_who_is_in_has_an_open_row(meet: Meet, api: Api) -> None:
    """At the moment of the join's reply: user, peer, `joinedAt`; `leftAt` is null."""
    ann, bob = await meet("ann", "bob")
    found = await history(api, ann.room_id)
    assert set(found) == {ann.peer_id, bob.peer_id}
    row = found[bob.peer_id]
    assert (row["userId"], row["username"], row["leftAt"]) == (bob.user_id, "bob", None)
    assert row["joinedAt"] == pytest.approx(time.time(), abs=60)
    assert "durationSeconds" in row


async def test_who_left_has_a_closed_row(meet: Meet, api: Api) -> None:
    """`leftAt` and `durationSeconds` agree."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("leave-room")
    row = await closed_row(api, ann.room_id, bob.peer_id)
    assert row["leftAt"] >= row["joinedAt"]
    assert row["durationSeconds"] == pytest.approx(row["leftAt"] - row["joinedAt"], abs=1)


async def test_a_dropped_connection_closes_its_row(meet: Meet, api: Api) -> None:
    """However the peer went."""
    ann, bob, cy = await meet("ann", "bob", "cy")
    await bob.drop()
    await ann.ok("kick", peerId=cy.peer_id)
    for peer in (bob, cy):
        assert (await closed_row(api, ann.room_id, peer.peer_id))["durationSeconds"] is not None


async def test_coming_back_opens_a_second_row(meet: Meet, api: Api) -> None:
    """Each stay is a row of its own."""
    ann, bob = await meet("ann", "bob")
    await bob.ok("leave-room")
    await closed_row(api, ann.room_id, bob.peer_id)
    await bob.ok("join-room", roomId=ann.room_id)
    answer = await api.ok("GET", f"/api/rooms/{ann.room_id}/participants", ADMIN)
    stays = [row["leftAt"] is None for row in answer["participants"] if row["peerId"] == bob.peer_id]
    assert sorted(stays) == [False, True]


async def test_history_is_for_the_owner_and_admins(meet: Meet, api: Api) -> None:
    """Member, moderator and stranger: FORBIDDEN."""
    ann, bob = await meet("ann", "bob")
    assert set(await history(api, ann.room_id, mint(ann.user_id))) == {ann.peer_id, bob.peer_id}
    moderator = mint("history-moderator", role="moderator")
    for token in (mint(bob.user_id), moderator, mint("stranger")):
        await api.refused("FORBIDDEN", "GET", f"/api/rooms/{ann.room_id}/participants", token)


async def test_a_registered_integer_is_that_user(connect: Connect, api: Api, server: Server) -> None:
    """A token minted elsewhere with a registered `userId` acts as the row of `users`."""
    account = {"username": "Reg", "email": f"{uuid.uuid4().hex}@example.org", "password": "correct horse"}
    user = (await api.ok("POST", "/api/auth/register", json=account, status=201))["user"]
    client = await connect("Reg", user_id=user["id"])
    room_id = (await client.ok("create-room", name="Registered"))["roomId"]
    assert (await history(api, room_id))[client.peer_id]["userId"] == user["id"]
    query = "SELECT user_id FROM room_participants WHERE peer_id = ?"
    assert rows(server.data_dir, query, client.peer_id) == [(user["id"],)]


@pytest.mark.parametrize("user_id", ["auth0|string", "12", 987_654_321, 0, -5])
async def test_any_other_identity_gets_a_row_of_its_own(
    connect: Connect, api: Api, server: Server, user_id: object
) -> None:
    """At first sight, once, with no e-mail and no password; the history shows the token's own id."""
    first, second = await connect("Own", user_id=user_id), await connect("Own", user_id=user_id)
    room_id = (await first.ok("create-room", name="Elsewhere"))["roomId"]
    await second.ok("join-room", roomId=room_id)
    found = await history(api, room_id)
    assert [found[peer.peer_id]["userId"] for peer in (first, second)] == [user_id, user_id]
    query = """SELECT DISTINCT users.id, email, password_hash, username FROM room_participants
               JOIN users ON users.id = user_id WHERE peer_id IN (?, ?)"""
    ((_, email, password_hash, username),) = rows(server.data_dir, query, first.peer_id, second.peer_id)
    assert (email, password_hash, username) == (None, None, "Own")


async def test_a_string_of_digits_is_not_the_registered_integer(connect: Connect, api: Api, server: Server) -> None:
    """`"7"` and `7` are two identities."""
    account = {"username": "Num", "email": f"{uuid.uuid4().hex}@example.org", "password": "correct horse"}
    user = (await api.ok("POST", "/api/auth/register", json=account, status=201))["user"]
    text = await connect("Text", user_id=str(user["id"]))
    room_id = (await text.ok("create-room", name="Digits"))["roomId"]
    assert (await history(api, room_id))[text.peer_id]["userId"] == str(user["id"])
    query = "SELECT user_id FROM room_participants WHERE peer_id = ?"
    assert rows(server.data_dir, query, text.peer_id) != [(user["id"],)]
    await api.refused("FORBIDDEN", "DELETE", f"/api/rooms/{room_id}", mint(user["id"]))
