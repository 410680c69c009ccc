"""The cluster of one node: the directory in memory, frames handed straight to the members' queues."""

from bisect import bisect_right, insort
from collections.abc import Callable

import attrs

from trio_signal.cluster.base import Entered, Hall, Seat
from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import Member, Refusal, Room, RoomInfo
from trio_signal.protocol import events
from trio_signal.protocol.codes import LeaveReason
from trio_signal.protocol.frames import text_frame

_STAYS_OPEN = frozenset({LeaveReason.SERVER_SHUTDOWN, LeaveReason.NODE_LOST})
"""Ways out that do not end a room: people are expected back."""


@attrs.define(eq=False)
class LocalCluster:
    """See `cluster.base.Cluster`. `now` is the wall clock, in Unix seconds."""

    now: Callable[[], float]
    _halls: dict[RoomId, Hall] = attrs.Factory(dict)
    _order: list[tuple[float, RoomId]] = attrs.Factory(list)
    _claims: set[RoomId] = attrs.Factory(set)
    _whereabouts: dict[PeerId, Hall] = attrs.Factory(dict)
    active_rooms: int = 0
    """Rooms with at least one member."""

    @property
    def joined_peers(self) -> int:
        return len(self._whereabouts)

    def claim(self, room_id: RoomId) -> bool:
        if room_id in self._halls or room_id in self._claims:
            return False
        self._claims.add(room_id)
        return True

    def unclaim(self, room_id: RoomId) -> None:
        self._claims.discard(room_id)

    def add_room(self, info: RoomInfo, empty_since: float) -> Hall:
        hall = self._halls.get(info.room_id)
        if hall is None:
            hall = self._halls[info.room_id] = Hall(Room(info, empty_since))
            insort(self._order, (info.created_at, info.room_id))
        return hall

    def find(self, room_id: RoomId) -> Hall | None:
        return self._halls.get(room_id)

    def find_peer(self, peer_id: PeerId) -> Hall | None:
        return self._whereabouts.get(peer_id)

    def reserve(self, hall: Hall, peer_id: PeerId) -> Refusal | None:
        return hall.room.reserve(peer_id)

    def release(self, hall: Hall, peer_id: PeerId) -> bool:
        hall.room.release(peer_id, self.now())
        return hall.room.ending and self._end_if_over(hall)

    def enter(self, hall: Hall, member: Member, seat: Seat) -> Entered | None:
        before = hall.room.enter(member)
        if before is None:
            return None
        if not before:
            self.active_rooms += 1
        hall.broadcast(text_frame(events.user_joined(member)))
        hall.room.ending = False
        hall.seats[member.peer_id] = seat
        self._whereabouts[member.peer_id] = hall
        return Entered(before)

    def leave(self, hall: Hall, peer_id: PeerId, reason: LeaveReason) -> bool:
        member = hall.room.leave(peer_id, self.now())
        if member is None:
            return False
        del hall.seats[peer_id]
        del self._whereabouts[peer_id]
        if hall.seats:
            hall.broadcast(text_frame(events.user_left(member, reason)))
            return False
        self.active_rooms -= 1
        if reason in _STAYS_OPEN:
            return False
        hall.room.ending = True
        return self._end_if_over(hall)

    def close(self, hall: Hall, reason: str) -> None:
        if hall.room.closed:
            return
        seats = list(hall.seats.values())
        for peer_id in hall.seats:
            del self._whereabouts[peer_id]
        hall.seats.clear()
        self.active_rooms -= bool(seats)
        self._forget(hall)
        for seat in seats:
            seat.room_closed(reason)

    def list_rooms(self, after: tuple[float, str] | None, limit: int) -> list[tuple[RoomInfo, int]]:
        start = 0 if after is None else bisect_right(self._order, (after[0], RoomId(after[1])))
        rooms = (self._halls[room_id].room for _, room_id in self._order[start : start + limit])
        return [(room.info, len(room.members)) for room in rooms]

    def idle_since(self, moment: float) -> list[Hall]:
        return [hall for hall in self._halls.values() if hall.room.is_empty and hall.room.empty_since <= moment]

    def _end_if_over(self, hall: Hall) -> bool:
        if hall.room.closed or not hall.room.is_empty:
            return False
        self._forget(hall)
        return True

    def _forget(self, hall: Hall) -> None:
        info = hall.room.info
        hall.room.close()
        del self._halls[info.room_id]
        self._order.remove((info.created_at, info.room_id))
