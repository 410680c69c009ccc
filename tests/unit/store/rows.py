"""Writes with the members that a test does not care about filled in, and rows read past the store."""

import sqlite3
from pathlib import Path
from typing import Any

from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import EntryId, NodeId, PeerId, RoomId, UserId
from trio_signal.domain.room import RoomInfo
from trio_signal.store.base import CreateRoom, OpenRow

ROOM = RoomId("r-1")
T0 = 1000.0


def ident(user_id: UserId, username: str = "ann") -> Identity:
    """Somebody as a token names them."""
    return Identity(user_id, username)


def opening(entry: str = "e_1", *, room: RoomId = ROOM, user: int = 1, node: str = "n_1", at: float = T0) -> OpenRow:
    """Someone enters."""
    return OpenRow(EntryId(entry), room, user, PeerId("p_" + entry), NodeId(node), at)


def creating(
    entry: str = "e_1", *, room: RoomId = ROOM, user: int = 1, at: float = T0, name: str = "room"
) -> CreateRoom:
    """A room is made by its first participant."""
    return CreateRoom(RoomInfo(room, name, 1, "ann", 5, at), user, opening(entry, room=room, user=user, at=at))


def rows_of(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What is in the file."""
    db = sqlite3.connect(path)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


def stays(path: Path) -> list[tuple[Any, ...]]:
    """Every participant row: entry, when it opened, when it closed, how long."""
    return rows_of(path, "SELECT entry_id, joined_at, left_at, duration_seconds FROM room_participants ORDER BY id")
