"""Rooms, users and history, as they are read back."""

from pathlib import Path

import pytest
import trio

from tests.unit.store.rows import ROOM, T0, creating, ident, opening, rows_of
from trio_signal.domain.ids import EntryId, RoomId, UserId
from trio_signal.domain.room import RoomInfo
from trio_signal.store.base import CloseRoom, CloseRow, HistoryRow, IdleRoom, UserRow
from trio_signal.store.sqlite import SqliteStore


async def test_active_rooms_are_found_oldest_first(store: SqliteStore) -> None:
    """With their owner as tokens name them; equal times in the order of their ids."""
    for room, at in (("r-c", 2.0), ("r-b", 3.0), ("r-a", 3.0), ("r-gone", 1.0)):
        await store.write([creating("e_" + room, room=RoomId(room), at=at)])
    await store.write([CloseRoom(RoomId("r-gone"), 9.0)])
    found = await store.active_rooms()
    assert [idle.info.room_id for idle in found] == ["r-c", "r-a", "r-b"]
    assert found[0] == IdleRoom(RoomInfo(RoomId("r-c"), "room", "ann", "ann", 5, 2.0), 2.0)


async def test_a_room_is_empty_since_the_last_one_left(store: SqliteStore) -> None:
    """Or since it was made."""
    await store.write([creating(), opening("e_2"), CloseRow(EntryId("e_1"), T0 + 9), CloseRow(EntryId("e_2"), T0 + 4)])
    found = await store.find_active_room(ROOM)
    assert found is not None
    assert found.empty_since == T0 + 9


async def test_a_closed_room_is_found_only_by_who_asks_for_any(store: SqliteStore) -> None:
    """Its history can still be seen."""
    await store.write([creating(), CloseRoom(ROOM, T0)])
    assert await store.find_active_room(ROOM) is None
    assert await store.find_room(ROOM) == RoomInfo(ROOM, "room", "ann", "ann", 5, T0)
    assert await store.find_room(RoomId("r-none")) is None


@pytest.mark.parametrize("user_id", ["u-7", "7", "int:7", 7, -7, 0, 2**53, "한 ' \" ;--"])
async def test_an_unknown_identity_gets_a_row_at_first_sight(store: SqliteStore, path: Path, user_id: UserId) -> None:
    """The same one ever after; no e-mail, no password."""
    row = await store.user_row_of(ident(user_id, "first name"), 5.0)
    assert await store.user_row_of(ident(user_id, "another name"), 6.0) == row
    columns = "SELECT username, email, password_hash, created_at FROM users WHERE id = ?"
    assert rows_of(path, columns, row) == [("first name", None, None, 5.0)]
    await store.write([creating(user=row)])
    found = await store.find_room(ROOM)
    assert found is not None
    assert (found.owner_id, type(found.owner_id)) == (user_id, type(user_id))


async def test_integers_and_strings_are_different_users(store: SqliteStore) -> None:
    """5 and "5"."""
    assert await store.user_row_of(ident(50), 1.0) != await store.user_row_of(ident("50"), 1.0)


async def test_a_registered_users_id_is_that_user(store: SqliteStore) -> None:
    """As an integer; the string of it is somebody else."""
    user = await store.add_user("ben", "ben@b", "hash", 5.0)
    assert user is not None
    assert await store.user_row_of(ident(user.id, "ben"), 6.0) == user.id
    assert await store.user_row_of(ident(str(user.id), "ben"), 6.0) != user.id
    await store.write([creating(user=user.id)])
    found = await store.find_room(ROOM)
    assert found is not None
    assert (found.owner_id, found.owner_name) == (user.id, "ben")


async def test_the_row_of_a_token_user_is_not_itself_an_identity(store: SqliteStore) -> None:
    """Row 1 is the string "ann"; a token that says 1 is another user."""
    assert await store.user_row_of(ident(1, "one"), 5.0) != 1


async def test_racing_first_sights_make_one_row(store: SqliteStore, path: Path) -> None:
    """However many ask at a time."""
    rows: set[int] = set()

    async def ask() -> None:
        rows.add(await store.user_row_of(ident("new"), 5.0))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask)
    assert len(rows) == 1
    assert rows_of(path, "SELECT count(*) FROM users WHERE external_id = 'str:new'") == [(1,)]


async def test_registration_passes_over_ids_that_tokens_use(store: SqliteStore) -> None:
    """Or the new user would be whoever has such a token."""
    taken = [await store.user_row_of(ident(number), 1.0) for number in (5, 6, 8)]
    assert taken == [2, 3, 4]
    users = [await store.add_user(name, f"{name}@b", "hash", 5.0) for name in ("ben", "cat")]
    assert [user.id for user in users if user] == [7, 9]
    assert await store.user_row_of(ident(5), 6.0) == 2


async def test_an_email_is_registered_once(store: SqliteStore, path: Path) -> None:
    """The second one gets None and changes nothing."""
    first = await store.add_user("ben", "ben@b", "hash", 5.0)
    assert await store.add_user("another", "ben@b", "other", 6.0) is None
    assert first is not None
    assert await store.find_user("ben@b") == UserRow(first.id, "ben", "ben@b", "hash")
    assert await store.find_user("BEN@B") is None
    assert rows_of(path, "SELECT count(*) FROM users") == [(2,)]


async def test_racing_registrations_of_one_email_make_one_user(store: SqliteStore) -> None:
    """One gets it."""
    made: list[UserRow | None] = []

    async def register(name: str) -> None:
        made.append(await store.add_user(name, "same@b", "hash", 5.0))

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(register, f"user {number}")
    assert sum(user is not None for user in made) == 1


async def test_a_login_is_noted(store: SqliteStore, path: Path) -> None:
    """`last_login`."""
    await store.note_login(1, 77.0)
    assert rows_of(path, "SELECT last_login FROM users") == [(77.0,)]


def test_a_password_hash_is_in_no_repr() -> None:
    """Reprs end in logs."""
    assert "s3cret" not in repr(UserRow(1, "a", "a@b", "s3cret"))


async def test_history_goes_on_behind_a_row(store: SqliteStore) -> None:
    """In the order the stays were opened, page by page, none twice."""
    await store.write([creating("e_0"), creating("e_x", room=RoomId("r-2"))])
    await store.write([opening(f"e_{number}", at=T0 + number) for number in range(1, 5)])
    await store.write([CloseRow(EntryId("e_1"), T0 + 31)])
    seen: list[HistoryRow] = []
    while page := await store.history(ROOM, seen[-1].id if seen else 0, 2):
        assert len(page) <= 2
        seen += page
    assert [row.peer_id for row in seen] == [f"p_e_{number}" for number in range(5)]
    assert seen[1] == HistoryRow(seen[1].id, "ann", "ann", "p_e_1", T0 + 1, T0 + 31, 30)
    assert (seen[2].left_at, seen[2].duration_s) == (None, None)
    assert await store.history(RoomId("r-none"), 0, 10) == []
