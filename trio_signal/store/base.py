"""What a store promises, whichever database is behind it.

A store is asked by many tasks at once. Every call either does all of what it says or raises StoreUnavailable and has
done nothing, or (a lost answer) may have done it: so every write can be repeated without doing it twice.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

import attrs

from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import EntryId, NodeId, PeerId, RoomId, UserId
from trio_signal.domain.room import RoomInfo

UserRowId = int
MAX_ROW_ID = 10**17


class StoreUnavailable(Exception):
    """The database is away or refuses to work; the same call may succeed later."""


class StoreBroken(Exception):
    """The database cannot be used at all (not a database, a newer schema); the message is for an operator."""


@attrs.frozen
class OpenRow:
    """Someone entered a room: a participant row without `left_at`. ROOM_GONE if it is not active."""

    entry_id: EntryId
    room_id: RoomId
    user_row: UserRowId
    peer_id: PeerId
    node_id: NodeId
    joined_at: float


@attrs.frozen
class CloseRow:
    """Someone left: `left_at` and `duration_seconds` of an open row. Does nothing to a row that is closed."""

    entry_id: EntryId
    left_at: float


@attrs.frozen
class CreateRoom:
    """A room and its first participant; TAKEN if an active room has this id."""

    info: RoomInfo
    owner_row: UserRowId
    first: OpenRow


@attrs.frozen
class CloseRoom:
    """A room ends: status `closed`, `ended_at`."""

    room_id: RoomId
    ended_at: float


Write = OpenRow | CloseRow | CreateRoom | CloseRoom


class Outcome(Enum):
    """What became of one write."""

    DONE = auto()
    TAKEN = auto()
    """The room id belongs to an active room; nothing was written."""
    ROOM_GONE = auto()
    """The room is not active; the row was not opened."""


@attrs.frozen
class UserRow:
    """A registered user. `email` is in lower case."""

    id: UserRowId
    username: str
    email: str
    password_hash: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class IdleRoom:
    """An active room of the store, and since when nobody is in it."""

    info: RoomInfo
    empty_since: float


@attrs.frozen
class HistoryRow:
    """One stay in a room, as `GET /api/rooms/{id}/participants` shows it; times in Unix seconds."""

    id: int
    user_id: UserId
    username: str
    peer_id: str | None
    joined_at: float
    left_at: float | None
    duration_s: float | None


class Store(Protocol):
    """The rows. Calls run in threads; cancelling a call waits for the statement unless it says otherwise."""

    async def write(self, batch: Sequence[Write]) -> list[Outcome]:
        """All of the batch in one transaction, in its order; durable when it returns."""

    async def active_rooms(self) -> list[IdleRoom]:
        """All active rooms, oldest first."""

    async def find_active_room(self, room_id: RoomId) -> IdleRoom | None: ...

    async def find_room(self, room_id: RoomId) -> RoomInfo | None:
        """The room, active or closed."""

    async def user_row_of(self, identity: Identity, now: float) -> UserRowId:
        """The row of an identity: the registered user with that integer id, else a row of its own, made once."""

    async def add_user(self, username: str, email: str, password_hash: str, now: float) -> UserRow | None:
        """A new registered user, or None if the e-mail is taken."""

    async def find_user(self, email: str) -> UserRow | None: ...

    async def note_login(self, row: UserRowId, now: float) -> None: ...

    async def history(self, room_id: RoomId, after: int, limit: int) -> list[HistoryRow]:
        """Stays in a room in the order they were opened, from the one behind row `after` on."""

    async def close_left_open(self) -> int:
        """Close the rows that a crash left open, at their node's last sign of life; how many there were."""

    async def note_alive(self, node_id: NodeId, now: float) -> None:
        """A sign of life of this node: where its rows end if it should die without closing them."""

    async def ping(self) -> None:
        """Raises StoreUnavailable if the database could not be written to now."""
