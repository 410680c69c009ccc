"""Entered a room … left it: the guarantee that a participant's row is closed.

Entering waits (for the row to be durable); leaving does not: it is plain calls that no cancellation can cut. Between
the end of the wait and the seat there is no await, so there is no moment in which a row is open and nobody is bound
to close it: before, the journal's `undo` does; after, `Participant.leave`.
"""

from typing import TYPE_CHECKING

from trio_signal.cluster.base import Entered, Hall
from trio_signal.domain.ids import EntryId, RoomId, new_entry_id
from trio_signal.domain.room import Member, Refusal, RoomInfo
from trio_signal.protocol import events
from trio_signal.protocol.codes import CloseCode, ErrorCode, LeaveReason, Refused
from trio_signal.protocol.frames import text_frame
from trio_signal.store.base import CloseRoom, CloseRow, CreateRoom, OpenRow, Outcome, UserRowId
from trio_signal.telemetry.logs import get_logger

if TYPE_CHECKING:
    from trio_signal.session.connection import Connection

log = get_logger()

ROOM_NOT_FOUND = Refused(ErrorCode.ROOM_NOT_FOUND, "There is no such room.")
GONE = Refused(ErrorCode.UNAVAILABLE, "The connection is closing.")


def room_exists(room_id: RoomId) -> Refused:
    return Refused(ErrorCode.ROOM_EXISTS, f"There is a room {room_id} already.", {"roomId": room_id})


class Participant:
    """A peer in a room: the `Seat` that the cluster knows."""

    __slots__ = ("_entry_id", "connection", "hall", "put")

    def __init__(self, connection: "Connection", hall: Hall, entry_id: EntryId) -> None:
        self.connection = connection
        self.hall = hall
        self.put = connection.outbox.put
        self._entry_id = entry_id

    def leave(self, reason: LeaveReason) -> None:
        """Leave the room, tell the others, have the row closed. A plain call; the second one does nothing."""
        if self.connection.participant is not self:
            return
        node = self.connection.node
        self.connection.participant = None
        ended = node.cluster.leave(self.hall, self.connection.peer_id, reason)
        now = node.now()
        node.journal.record(CloseRow(self._entry_id, now))
        if ended:
            room_id = self.hall.room.info.room_id
            node.journal.record(CloseRoom(room_id, now))
            log.info("room closed", roomId=room_id)

    def room_closed(self, reason: str) -> None:
        node = self.connection.node
        self.connection.participant = None
        node.journal.record(CloseRow(self._entry_id, node.now()))
        self.put(text_frame(events.encode(events.RoomClosed(self.hall.room.info.room_id, reason))))

    def kicked(self, reason: str) -> None:
        self.put(text_frame(events.encode(events.Kicked(reason))))
        self.leave(LeaveReason.KICKED)
        self.connection.close(CloseCode.KICKED)


async def create_room(connection: "Connection", info: RoomInfo) -> Refused | None:
    """Make a room and enter it; None when it is done. Raises StoreUnavailable, nothing done."""
    node = connection.node
    if not node.cluster.claim(info.room_id):
        return room_exists(info.room_id)
    try:
        user_row = await node.user_row(connection.user)
        row = _open_row(connection, info.room_id, user_row)
        undo = (CloseRow(row.entry_id, row.joined_at), CloseRoom(info.room_id, row.joined_at))
        outcome = await node.journal.commit(CreateRoom(info, user_row, row), undo=undo)
        # No await from here on: see the module.
        if outcome is not Outcome.DONE:
            return room_exists(info.room_id)
        if connection.ended:
            node.journal.record(*undo)
            return GONE
        hall = node.cluster.add_room(info, row.joined_at)
        node.cluster.reserve(hall, connection.peer_id)
        _enter(connection, hall, row)
        node.metrics.counts.rooms_created += 1
        log.info("room created", roomId=info.room_id, peerId=connection.peer_id, userId=connection.user.user_id)
        return None
    finally:
        node.cluster.unclaim(info.room_id)


async def join_room(connection: "Connection", room_id: RoomId) -> Entered | Refused:
    """Enter a room. Raises StoreUnavailable, nothing done."""
    node = connection.node
    hall = await node.find_hall(room_id)
    if hall is None:
        return ROOM_NOT_FOUND
    refusal = node.cluster.reserve(hall, connection.peer_id)
    if refusal is not None:
        return _explain(refusal, hall.room.info)
    entered: Entered | Refused | None = None
    try:
        row = _open_row(connection, room_id, await node.user_row(connection.user))
        undo = CloseRow(row.entry_id, row.joined_at)
        outcome = await node.journal.commit(row, undo=[undo])
        # No await from here on: see the module.
        if outcome is Outcome.ROOM_GONE:
            node.cluster.close(hall, "closed")
            return ROOM_NOT_FOUND
        entered = GONE if connection.ended else _enter(connection, hall, row)
        if not isinstance(entered, Entered):
            node.journal.record(undo)
        return entered
    finally:
        if not isinstance(entered, Entered) and node.cluster.release(hall, connection.peer_id):
            node.journal.record(CloseRoom(room_id, node.now()))


def _open_row(connection: "Connection", room_id: RoomId, user_row: UserRowId) -> OpenRow:
    node = connection.node
    return OpenRow(new_entry_id(), room_id, user_row, connection.peer_id, node.node_id, node.now())


def _enter(connection: "Connection", hall: Hall, row: OpenRow) -> Entered | Refused:
    user = connection.user
    member = Member(connection.peer_id, user.user_id, user.username, row.joined_at, connection.state)
    participant = Participant(connection, hall, row.entry_id)
    entered = connection.node.cluster.enter(hall, member, participant)
    if entered is None:
        return ROOM_NOT_FOUND
    connection.participant = participant
    log.debug("joined", roomId=row.room_id, peerId=connection.peer_id, userId=user.user_id)
    connection.node.metrics.counts.joins += 1
    return entered


def _explain(refusal: Refusal, info: RoomInfo) -> Refused:
    match refusal:
        case Refusal.FULL:
            message = f"The room is full (max {info.max_users})."
            return Refused(ErrorCode.ROOM_FULL, message, {"maxUsers": info.max_users})
        case Refusal.ALREADY_JOINED:
            return Refused(ErrorCode.ALREADY_JOINED, "You are in this room already.")
        case Refusal.CLOSED:
            return ROOM_NOT_FOUND
