"""What a cluster promises to the session, whether it is one node or many.

- Membership: a room never holds more than `max_users`; a seat is reserved before the row is written, taken after.
- Order: a room's changes and its messages reach every member in one order; a sender's messages in the order sent.
- No silent loss: `send` says whether the target's queue took the frame, `broadcast` how many did.
"""

from typing import Protocol

import attrs

from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import Member, Refusal, Room, RoomInfo
from trio_signal.protocol.codes import LeaveReason


class Seat(Protocol):
    """A member's end of a room: where its frames go, and what it is told. All plain calls."""

    def put(self, frame: bytes) -> bool:
        """Queue a frame for the peer; False if its queue takes no more."""

    def room_closed(self, reason: str) -> None:
        """The room is gone, and the peer is out of it; it is told so."""

    def kicked(self, reason: str) -> None:
        """The peer has been removed from the room; it is told so and its connection ends."""


@attrs.define(eq=False)
class Hall:
    """A room as this node has it: what is true of it, and the seats of the members that are here."""

    room: Room
    seats: dict[PeerId, Seat] = attrs.Factory(dict)

    def broadcast(self, frame: bytes, but: Seat | None = None) -> int:
        """Queue a frame for every member except one; how many queues took it."""
        count = 0
        for seat in self.seats.values():
            if seat is not but and seat.put(frame):
                count += 1
        return count


@attrs.frozen
class Entered:
    """A seat was taken: the members who were there before, in the order they came."""

    before: list[Member]


class Cluster(Protocol):
    """The directory of active rooms and the way between peers."""

    def claim(self, room_id: RoomId) -> bool:
        """Hold an id for a room about to be made; False if it is held or a room has it."""

    def unclaim(self, room_id: RoomId) -> None: ...

    def add_room(self, info: RoomInfo, empty_since: float) -> Hall:
        """Put an active room into the directory, empty."""

    def find(self, room_id: RoomId) -> Hall | None: ...

    def find_peer(self, peer_id: PeerId) -> Hall | None:
        """The room a peer is in."""

    def reserve(self, hall: Hall, peer_id: PeerId) -> Refusal | None: ...

    def release(self, hall: Hall, peer_id: PeerId) -> bool:
        """Give a reserved seat back; whether that ended the room, because its last member left meanwhile."""

    def enter(self, hall: Hall, member: Member, seat: Seat) -> Entered | None:
        """Take the reserved seat and tell the others; None if the room closed meanwhile."""

    def leave(self, hall: Hall, peer_id: PeerId, reason: LeaveReason) -> bool:
        """Leave and tell the others, once; whether that ended the room."""

    def close(self, hall: Hall, reason: str) -> None:
        """End the room and tell everyone who was in it."""

    def list_rooms(self, after: tuple[float, str] | None, limit: int) -> list[tuple[RoomInfo, int]]:
        """Active rooms and how many are in each, oldest first, from the one behind `after` on."""

    def idle_since(self, moment: float) -> list[Hall]:
        """Rooms that have been empty since that moment or longer."""
