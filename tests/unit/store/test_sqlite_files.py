"""Files that can be opened, and those that cannot."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio

from tests.unit.store.rows import T0, creating, ident, rows_of, stays
from trio_signal.store.base import StoreBroken, StoreUnavailable
from trio_signal.store.migrate import migrations
from trio_signal.store.sqlite import SqliteStore, open_sqlite

LATEST = migrations("sqlite")[-1][0]


async def complaint(path: Path, *, migrate: bool = True) -> str:
    """Why this file cannot be opened."""
    with pytest.raises(StoreBroken) as caught:
        async with open_sqlite(path, migrate=migrate):
            pass
    return str(caught.value)


def put(path: Path, content: bytes) -> None:
    """Make the file and its folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_file_is_made_with_its_folder_and_schema(path: Path) -> None:
    """In WAL mode, durable."""
    async with open_sqlite(path, migrate=True) as store:
        await store.ping()
        assert rows_of(path, "PRAGMA user_version") == [(LATEST,)]
        assert rows_of(path, "PRAGMA journal_mode") == [("wal",)]
        assert store._writer.connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._writer.connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


async def test_the_schema_is_the_one_promised(store: SqliteStore, path: Path) -> None:
    """Columns and indexes that other programs may read by."""
    columns = {
        table: {row[1] for row in rows_of(path, f"PRAGMA table_info({table})")}
        for table in ("users", "rooms", "room_participants")
    }
    assert columns["users"] >= {"id", "username", "email", "password_hash", "created_at", "last_login", "external_id"}
    assert columns["rooms"] >= {"id", "name", "owner_id", "max_users", "status", "created_at", "ended_at"}
    assert columns["room_participants"] >= {
        *("id", "room_id", "user_id", "joined_at", "left_at", "duration_seconds", "peer_id", "node_id"),
    }
    indexed = {
        row[0] for row in rows_of(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    }
    assert indexed >= {
        "rooms_status",
        "rooms_owner_id",
        "room_participants_room_id",
        "room_participants_user_id",
        "room_participants_left_at",
    }


async def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    """And opening again changes nothing."""
    async with open_sqlite(path, migrate=True) as store:
        await store.user_row_of(ident("ann"), 1.0)
        await store.write([creating()])
    before = stays(path)
    for migrate in (True, False):
        async with open_sqlite(path, migrate=migrate) as store:
            assert len(await store.active_rooms()) == 1
    assert stays(path) == before == [("e_1", T0, None, None)]


async def test_one_server_at_a_time(path: Path) -> None:
    """The second is told so; when the first has gone, it may."""
    async with open_sqlite(path, migrate=True):
        assert "Another server" in await complaint(path)
    async with open_sqlite(path, migrate=True):
        pass


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 100, b"x" * 4096])
async def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path, content: bytes) -> None:
    """With one clear line."""
    put(path, content)
    said = await complaint(path)
    assert str(path) in said
    assert "\n" not in said
    assert content_of(path) == content


async def test_a_damaged_database_is_refused(path: Path) -> None:
    """Before anything is written to it."""
    async with open_sqlite(path, migrate=True) as store:
        for number in range(200):
            await store.user_row_of(ident(f"{number}" * 20), 1.0)
    damaged = bytearray(content_of(path))
    for page in range(2, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 200] = b"\xa5" * 200
    put(path, damaged)
    assert str(path) in await complaint(path)


async def test_a_newer_schema_is_refused(path: Path) -> None:
    """An older server does not write into it."""
    async with open_sqlite(path, migrate=True):
        pass
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {LATEST + 1}")
    assert f"schema {LATEST + 1}" in await complaint(path)


async def test_without_leave_to_migrate_an_empty_file_is_refused(path: Path) -> None:
    """And stays empty."""
    assert "AUTO_MIGRATE" in await complaint(path, migrate=False)
    assert rows_of(path, "SELECT count(*) FROM sqlite_master") == [(0,)]


@pytest.mark.parametrize("where", ["a folder", "below a file"])
async def test_a_path_that_cannot_be_is_named(tmp_path: Path, where: str) -> None:
    """Whatever stands in the way."""
    put(tmp_path / "file", b"")
    path = tmp_path if where == "a folder" else tmp_path / "file" / "x.db"
    assert str(path) in await complaint(path)


async def test_after_a_refusal_the_lock_is_free(path: Path) -> None:
    """The operator can mend it and start again."""
    await complaint(path, migrate=False)
    async with open_sqlite(path, migrate=True):
        pass


async def test_a_failed_migration_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a transaction of its own."""
    bad = (LATEST + 1, "CREATE TABLE half (a); CREATE TABLE users (b);")
    monkeypatch.setattr("trio_signal.store.migrate.migrations", lambda _: [*migrations("sqlite"), bad])
    await complaint(path)
    assert rows_of(path, "SELECT count(*) FROM sqlite_master WHERE name = 'half'") == [(0,)]
    assert rows_of(path, "PRAGMA user_version") == [(LATEST,)]


async def test_a_database_held_by_another_is_unavailable_and_comes_back(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone at work with the sqlite3 shell; nothing has been done then."""
    store._writer.connection.execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            await store.write([creating()])
        with pytest.raises(StoreUnavailable):
            await store.ping()
        assert await store.active_rooms() == []
        other.execute("ROLLBACK")
    await store.ping()
    await store.write([creating()])
    assert len(stays(path)) == 1


async def test_a_cancelled_write_does_all_or_nothing(path: Path) -> None:
    """It is abandoned, not cut; the next one waits for it."""
    async with open_sqlite(path, migrate=True) as store:
        await store.user_row_of(ident("ann"), 1.0)
        for number in range(20):
            with trio.CancelScope() as scope:
                scope.cancel()
                await store.write([creating(f"e_{number}")])
        await store.write([])
        open_rows, rooms = len(stays(path)), rows_of(path, "SELECT count(*) FROM rooms")[0][0]
        assert open_rows == rooms <= 1
