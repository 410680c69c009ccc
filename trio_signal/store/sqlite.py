"""The store in one SQLite file: the default, for one node.

Two connections in WAL mode, each used by one thread at a time: one writes, one reads. `synchronous=FULL`, so what was
committed survives a loss of power. Times are Unix seconds.
"""

import contextlib
import fcntl
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import attrs
import trio

from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import NodeId, RoomId, UserId
from trio_signal.domain.room import RoomInfo
from trio_signal.store import sqlite_writes
from trio_signal.store.base import (
    HistoryRow,
    IdleRoom,
    Outcome,
    StoreBroken,
    StoreUnavailable,
    UserRow,
    UserRowId,
    Write,
)
from trio_signal.store.migrate import migrate_sqlite

T = TypeVar("T")
BUSY_TIMEOUT_S = 1.0


@attrs.define
class _Thread:
    """One SQLite connection and the limiter that keeps it to one thread at a time."""

    connection: sqlite3.Connection
    limiter: trio.CapacityLimiter = attrs.Factory(lambda: trio.CapacityLimiter(1))

    async def run(self, call: Callable[[sqlite3.Connection], T]) -> T:
        """The call in a thread. Cancelled, it is abandoned: writes can be repeated, reads need no end."""

        def in_thread() -> T:
            try:
                return call(self.connection)
            except sqlite3.IntegrityError:
                raise
            except sqlite3.Error as exc:
                raise StoreUnavailable(str(exc)) from exc

        return await trio.to_thread.run_sync(in_thread, abandon_on_cancel=True, limiter=self.limiter)


@asynccontextmanager
async def open_sqlite(path: Path, *, migrate: bool) -> AsyncIterator["SqliteStore"]:
    """The store in this file, made if it is not there, and nobody else's while it is open.

    Raises StoreBroken if the file cannot be used: no right to write, no SQLite file, another server's, another schema.
    """
    with contextlib.ExitStack() as opened:
        writer, reader = await trio.to_thread.run_sync(_open, path, migrate, opened)
        yield SqliteStore(_Thread(writer), _Thread(reader))


def _open(path: Path, migrate: bool, opened: contextlib.ExitStack) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened.enter_context(_locked(path.with_name(path.name + ".lock")))
        writer = opened.enter_context(contextlib.closing(_connect(path)))
        if writer.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise StoreBroken(f"The SQLite file {path} is damaged; restore it from a backup.")
        migrate_sqlite(writer, apply=migrate)
        return writer, opened.enter_context(contextlib.closing(_connect(path)))
    except sqlite3.Error as exc:
        raise StoreBroken(f"{path} cannot be used as a SQLite database: {exc}.") from exc
    except OSError as exc:
        raise StoreBroken(f"{path} cannot be opened: {exc.strerror}.") from exc


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One server at a time; the kernel gives the lock back however the process ends."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBroken(f"Another server is using this database ({path} is locked).") from None
        yield


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@attrs.define
class SqliteStore:
    """`Store` on SQLite; see there for what each call promises."""

    _writer: _Thread
    _reader: _Thread

    async def write(self, batch: Sequence[Write]) -> list[Outcome]:
        return await self._writer.run(lambda db: sqlite_writes.write(db, batch))

    async def active_rooms(self) -> list[IdleRoom]:
        return await self._reader.run(lambda db: [_idle_room(row) for row in db.execute(_ROOMS.format(""))])

    async def find_active_room(self, room_id: RoomId) -> IdleRoom | None:
        def find(db: sqlite3.Connection) -> IdleRoom | None:
            row = db.execute(_ROOMS.format("AND rooms.id = ?"), [room_id]).fetchone()
            return row and _idle_room(row)

        return await self._reader.run(find)

    async def find_room(self, room_id: RoomId) -> RoomInfo | None:
        def find(db: sqlite3.Connection) -> RoomInfo | None:
            row = db.execute(_ANY_ROOM, [room_id]).fetchone()
            return row and _room_info(row)

        return await self._reader.run(find)

    async def user_row_of(self, identity: Identity, now: float) -> UserRowId:
        found = await self._reader.run(lambda db: sqlite_writes.find_user_row(db, identity))
        if found is not None:
            return found
        return await self._writer.run(lambda db: sqlite_writes.add_external_user(db, identity, now))

    async def add_user(self, username: str, email: str, password_hash: str, now: float) -> UserRow | None:
        user_id = await self._writer.run(lambda db: sqlite_writes.add_user(db, username, email, password_hash, now))
        return None if user_id is None else UserRow(user_id, username, email)

    async def find_user(self, email: str) -> UserRow | None:
        def find(db: sqlite3.Connection) -> UserRow | None:
            row = db.execute("SELECT id, username, email, password_hash FROM users WHERE email = ?", [email]).fetchone()
            return row and UserRow(*row)

        return await self._reader.run(find)

    async def note_login(self, row: UserRowId, now: float) -> None:
        await self._writer.run(lambda db: db.execute("UPDATE users SET last_login = ? WHERE id = ?", [now, row]))

    async def history(self, room_id: RoomId, after: int, limit: int) -> list[HistoryRow]:
        bounds = [room_id, after, limit]
        return await self._reader.run(lambda db: [_history_row(row) for row in db.execute(_HISTORY, bounds)])

    async def close_left_open(self) -> int:
        return await self._writer.run(sqlite_writes.close_left_open)

    async def note_alive(self, node_id: NodeId, now: float) -> None:
        await self._writer.run(lambda db: sqlite_writes.note_alive(db, node_id, now))

    async def ping(self) -> None:
        await self._writer.run(lambda db: db.executescript("BEGIN IMMEDIATE; ROLLBACK;"))


_USER_ID = "users.id, users.external_id, users.username"
_ROOM = f"rooms.id, rooms.name, {_USER_ID}, rooms.max_users, rooms.created_at"
_ROOMS = f"""
    SELECT {_ROOM}, coalesce((SELECT max(left_at) FROM room_participants WHERE room_id = rooms.id), rooms.created_at)
    FROM rooms JOIN users ON users.id = rooms.owner_id
    WHERE rooms.status = 'active' {{}} ORDER BY rooms.created_at, rooms.id
"""
_ANY_ROOM = f"SELECT {_ROOM} FROM rooms JOIN users ON users.id = rooms.owner_id WHERE rooms.id = ?"
_HISTORY = f"""
    SELECT stay.id, {_USER_ID}, stay.peer_id, stay.joined_at, stay.left_at, stay.duration_seconds
    FROM room_participants AS stay JOIN users ON users.id = stay.user_id
    WHERE stay.room_id = ? AND stay.id > ? ORDER BY stay.id LIMIT ?
"""


def _user_id(row_id: int, external_id: str | None) -> UserId:
    """The id as tokens name it (the other way round: `Identity.external_id`)."""
    if external_id is None:
        return row_id
    kind, _, name = external_id.partition(":")
    return int(name) if kind == "int" else name


def _room_info(row: Sequence[object]) -> RoomInfo:
    room_id, name, owner_row, external_id, owner_name, max_users, created_at = row[:7]
    owner_id = _user_id(owner_row, external_id)  # type: ignore[arg-type]
    return RoomInfo(room_id, name, owner_id, owner_name, max_users, created_at)  # type: ignore[arg-type]


def _idle_room(row: Sequence[object]) -> IdleRoom:
    return IdleRoom(_room_info(row), row[7])  # type: ignore[arg-type]


def _history_row(row: Sequence[object]) -> HistoryRow:
    row_id, user_row, external_id, username, *rest = row
    return HistoryRow(row_id, _user_id(user_row, external_id), username, *rest)  # type: ignore[arg-type]
