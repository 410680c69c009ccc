"""What the SQLite store writes: plain functions on a connection, each one transaction."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence

from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import NodeId
from trio_signal.store.base import CloseRoom, CloseRow, CreateRoom, OpenRow, Outcome, UserRowId, Write


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def write(db: sqlite3.Connection, batch: Sequence[Write]) -> list[Outcome]:
    """All of a batch, in its order, in one transaction; every write may be repeated."""
    with _transaction(db):
        return [_write_one(db, one) for one in batch]


def _write_one(db: sqlite3.Connection, one: Write) -> Outcome:
    match one:
        case OpenRow():
            return _open_row(db, one)
        case CloseRow():
            return _close_row(db, one)
        case CreateRoom():
            return _create_room(db, one)
        case CloseRoom():
            db.execute(
                "UPDATE rooms SET status = 'closed', ended_at = ? WHERE id = ? AND status = 'active'",
                [one.ended_at, one.room_id],
            )
            return Outcome.DONE


def _open_row(db: sqlite3.Connection, row: OpenRow) -> Outcome:
    if not db.execute("SELECT 1 FROM rooms WHERE id = ? AND status = 'active'", [row.room_id]).fetchone():
        return Outcome.ROOM_GONE
    db.execute(
        "INSERT INTO room_participants (room_id, user_id, joined_at, peer_id, node_id, entry_id)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (entry_id) DO NOTHING",
        [row.room_id, row.user_row, row.joined_at, row.peer_id, row.node_id, row.entry_id],
    )
    return Outcome.DONE


def _close_row(db: sqlite3.Connection, row: CloseRow) -> Outcome:
    db.execute(
        "UPDATE room_participants SET left_at = max(?1, joined_at),"
        " duration_seconds = CAST(max(?1 - joined_at, 0) AS INTEGER) WHERE entry_id = ?2 AND left_at IS NULL",
        [row.left_at, row.entry_id],
    )
    return Outcome.DONE


def _create_room(db: sqlite3.Connection, room: CreateRoom) -> Outcome:
    """A closed room's id may be used again; its history stays with it."""
    if db.execute("SELECT 1 FROM room_participants WHERE entry_id = ?", [room.first.entry_id]).fetchone():
        return Outcome.DONE
    info = room.info
    changed = db.execute(
        "INSERT INTO rooms (id, name, owner_id, max_users, status, created_at) VALUES (?, ?, ?, ?, 'active', ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, owner_id = excluded.owner_id,"
        " max_users = excluded.max_users, status = 'active', created_at = excluded.created_at, ended_at = NULL"
        " WHERE rooms.status <> 'active'",
        [info.room_id, info.name, room.owner_row, info.max_users, info.created_at],
    ).rowcount
    return _open_row(db, room.first) if changed else Outcome.TAKEN


def find_user_row(db: sqlite3.Connection, identity: Identity) -> UserRowId | None:
    """An identity known from tokens first, so that a later registration cannot take its place."""
    row = db.execute("SELECT id FROM users WHERE external_id = ?", [identity.external_id]).fetchone()
    if row is None and isinstance(identity.user_id, int):
        row = db.execute("SELECT id FROM users WHERE id = ? AND external_id IS NULL", [identity.user_id]).fetchone()
    return row and int(row[0])


def add_external_user(db: sqlite3.Connection, identity: Identity, now: float) -> UserRowId:
    """The row of an identity that comes only in tokens, made once however many ask at a time."""
    with _transaction(db):
        found = find_user_row(db, identity)
        if found is not None:
            return found
        return _insert_user(db, (identity.username, None, None, identity.external_id, now))


def add_user(db: sqlite3.Connection, username: str, email: str, password_hash: str, now: float) -> UserRowId | None:
    """A registered user, or None if the e-mail is taken. Ids that tokens already use for somebody are passed over."""
    with _transaction(db):
        if db.execute("SELECT 1 FROM users WHERE email = ?", [email]).fetchone():
            return None
        while True:
            user_id = _insert_user(db, (username, email, password_hash, None, now))
            if not db.execute("SELECT 1 FROM users WHERE external_id = ?", [f"int:{user_id}"]).fetchone():
                return user_id
            db.execute("DELETE FROM users WHERE id = ?", [user_id])


def _insert_user(db: sqlite3.Connection, columns: tuple[str, str | None, str | None, str | None, float]) -> UserRowId:
    row = db.execute(
        "INSERT INTO users (username, email, password_hash, external_id, created_at) VALUES (?, ?, ?, ?, ?)"
        " RETURNING id",
        columns,
    ).fetchone()
    return int(row[0])


def close_left_open(db: sqlite3.Connection) -> int:
    """Close every open row at its node's last sign of life; only for a store that no other node uses."""
    with _transaction(db):
        db.execute(
            "UPDATE room_participants SET left_at = max(joined_at, coalesce("
            " (SELECT seen_at FROM nodes WHERE nodes.id = node_id), joined_at)) WHERE left_at IS NULL"
        )
        closed = db.execute(
            "UPDATE room_participants SET duration_seconds = CAST(left_at - joined_at AS INTEGER)"
            " WHERE duration_seconds IS NULL AND left_at IS NOT NULL"
        ).rowcount
        db.execute("DELETE FROM nodes")
    return closed


def note_alive(db: sqlite3.Connection, node_id: NodeId, now: float) -> None:
    db.execute(
        "INSERT INTO nodes (id, started_at, seen_at) VALUES (?1, ?2, ?2) ON CONFLICT (id) DO UPDATE SET seen_at = ?2",
        [node_id, now],
    )
