"""What each write does to the rows, once and twice."""

from pathlib import Path

import pytest

from tests.unit.store.rows import ROOM, T0, creating, opening, rows_of, stays
from trio_signal.domain.ids import EntryId, NodeId, RoomId
from trio_signal.store.base import CloseRoom, CloseRow, Outcome
from trio_signal.store.sqlite import SqliteStore

ROOM_COLUMNS = "SELECT name, owner_id, max_users, status, created_at, ended_at FROM rooms WHERE id = ?"


async def test_creating_writes_the_room_and_its_first_row(store: SqliteStore, path: Path) -> None:
    """Both or neither."""
    assert await store.write([creating()]) == [Outcome.DONE]
    assert rows_of(path, ROOM_COLUMNS, ROOM) == [("room", 1, 5, "active", T0, None)]
    assert rows_of(path, "SELECT room_id, user_id, peer_id, node_id FROM room_participants") == [
        (ROOM, 1, "p_e_1", "n_1")
    ]
    assert stays(path) == [("e_1", T0, None, None)]


async def test_an_active_rooms_id_is_taken(store: SqliteStore, path: Path) -> None:
    """Nothing is written then."""
    await store.write([creating()])
    assert await store.write([creating("e_2", name="other")]) == [Outcome.TAKEN]
    assert rows_of(path, "SELECT name FROM rooms") == [("room",)]
    assert len(stays(path)) == 1


async def test_a_closed_rooms_id_may_be_used_again(store: SqliteStore, path: Path) -> None:
    """The new room's data; the old one's history stays."""
    await store.write([creating(), CloseRow(EntryId("e_1"), T0 + 5), CloseRoom(ROOM, T0 + 5)])
    assert rows_of(path, ROOM_COLUMNS, ROOM) == [("room", 1, 5, "closed", T0, T0 + 5)]
    assert await store.write([creating("e_2", name="again", at=T0 + 9)]) == [Outcome.DONE]
    assert rows_of(path, ROOM_COLUMNS, ROOM) == [("again", 1, 5, "active", T0 + 9, None)]
    assert [row[0] for row in stays(path)] == ["e_1", "e_2"]


async def test_entering_opens_a_row(store: SqliteStore, path: Path) -> None:
    """Beside those that are open."""
    await store.write([creating()])
    assert await store.write([opening("e_2", at=T0 + 1)]) == [Outcome.DONE]
    assert stays(path) == [("e_1", T0, None, None), ("e_2", T0 + 1, None, None)]


@pytest.mark.parametrize("before", [[], [creating(), CloseRoom(ROOM, T0)]], ids=["never made", "closed"])
async def test_nobody_enters_a_room_that_is_not_active(store: SqliteStore, path: Path, before: list[CloseRoom]) -> None:
    """No row is opened."""
    await store.write(before)
    assert await store.write([opening("e_2")]) == [Outcome.ROOM_GONE]
    assert "e_2" not in [row[0] for row in stays(path)]


@pytest.mark.parametrize(
    ("left_at", "closed_at", "duration"),
    [(T0 + 9.9, T0 + 9.9, 9), (T0, T0, 0), (T0 - 50, T0, 0)],
    ids=["later", "at once", "the clock was set back"],
)
async def test_leaving_closes_the_row(
    store: SqliteStore, path: Path, left_at: float, closed_at: float, duration: int
) -> None:
    """The duration in whole seconds, never below zero."""
    await store.write([creating()])
    assert await store.write([CloseRow(EntryId("e_1"), left_at)]) == [Outcome.DONE]
    assert stays(path) == [("e_1", T0, closed_at, duration)]


async def test_a_row_is_closed_once(store: SqliteStore, path: Path) -> None:
    """A row that was never opened, or is closed, is left alone."""
    await store.write([creating(), CloseRow(EntryId("e_1"), T0 + 1)])
    done = await store.write([CloseRow(EntryId("e_1"), T0 + 99), CloseRow(EntryId("e_none"), T0)])
    assert done == [Outcome.DONE, Outcome.DONE]
    assert stays(path) == [("e_1", T0, T0 + 1, 1)]


async def test_every_write_may_be_repeated(store: SqliteStore, path: Path) -> None:
    """After a lost answer the same batch comes again: the same outcomes, the same rows."""
    batch = [creating(), opening("e_2"), CloseRow(EntryId("e_1"), T0 + 1)]
    first = await store.write(batch)
    after_one = stays(path), rows_of(path, "SELECT * FROM rooms")
    assert await store.write(batch) == first == [Outcome.DONE] * 3
    assert (stays(path), rows_of(path, "SELECT * FROM rooms")) == after_one
    ending = [CloseRow(EntryId("e_2"), T0 + 2), CloseRoom(ROOM, T0 + 2)]
    await store.write(ending)
    after_end = stays(path), rows_of(path, "SELECT * FROM rooms")
    assert await store.write(ending) == [Outcome.DONE] * 2
    assert (stays(path), rows_of(path, "SELECT * FROM rooms")) == after_end


async def test_closing_a_room_again_does_not_move_its_end(store: SqliteStore, path: Path) -> None:
    """`ended_at` is when it ended."""
    await store.write([creating(), CloseRoom(ROOM, T0 + 1)])
    await store.write([CloseRoom(ROOM, T0 + 9), CloseRoom(RoomId("r-none"), T0)])
    assert rows_of(path, "SELECT status, ended_at FROM rooms") == [("closed", T0 + 1)]


async def test_a_batch_is_written_in_its_order(store: SqliteStore) -> None:
    """Each write finds what those before it did."""
    batch = [creating("e_1"), creating("e_2"), CloseRoom(ROOM, T0), opening("e_3"), creating("e_4"), opening("e_5")]
    outcomes = [Outcome.DONE, Outcome.TAKEN, Outcome.DONE, Outcome.ROOM_GONE, Outcome.DONE, Outcome.DONE]
    assert await store.write(batch) == outcomes


async def test_a_batch_with_a_bad_write_does_nothing(store: SqliteStore, path: Path) -> None:
    """All of it in one transaction, and the next batch finds none open."""
    bad = opening("e_2", user=999)
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await store.write([creating(), bad])
    assert stays(path) == []
    assert await store.write([creating()]) == [Outcome.DONE]


@pytest.mark.parametrize(
    ("seen_at", "left_at", "duration"),
    [(None, T0, 0), (T0 + 30.5, T0 + 30.5, 30), (T0 - 10, T0, 0)],
    ids=["no sign of life", "seen", "seen before it"],
)
async def test_rows_left_open_end_at_their_nodes_last_sign_of_life(
    store: SqliteStore, path: Path, seen_at: float | None, left_at: float, duration: int
) -> None:
    """What a crash left open; closed rows and rooms are left alone."""
    await store.write([creating(), opening("e_2"), CloseRow(EntryId("e_2"), T0 + 7)])
    if seen_at is not None:
        await store.note_alive(NodeId("n_1"), T0 - 100)
        await store.note_alive(NodeId("n_1"), seen_at)
        await store.note_alive(NodeId("n_other"), T0 + 500)
    assert await store.close_left_open() == 1
    assert stays(path) == [("e_1", T0, left_at, duration), ("e_2", T0, T0 + 7, 7)]
    assert rows_of(path, "SELECT status FROM rooms") == [("active",)]
    assert await store.close_left_open() == 0
    assert rows_of(path, "SELECT count(*) FROM nodes") == [(0,)]
