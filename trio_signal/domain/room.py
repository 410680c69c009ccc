"""A room: who is in, who is about to be, and what each change leads to.

Pure state: plain calls, no waiting, so every change is atomic under a cooperative scheduler, and the order of the
calls is the order of the room's changes that the roster rule speaks of.
"""

from enum import Enum, auto

import attrs

from trio_signal.domain.ids import PeerId, RoomId, UserId


class Refusal(Enum):
    """Why a seat is not given."""

    FULL = auto()
    ALREADY_JOINED = auto()
    CLOSED = auto()


@attrs.frozen
class RoomInfo:
    """What a room is, apart from who is in it. `name` is HTML-escaped, `created_at` in Unix seconds."""

    room_id: RoomId
    name: str
    owner_id: UserId
    owner_name: str
    max_users: int
    created_at: float


@attrs.define
class Member:
    """One peer in a room. `state` is the JSON object the peer published last, as the bytes it sent."""

    peer_id: PeerId
    user_id: UserId
    username: str
    joined_at: float
    state: bytes = b"{}"


@attrs.define
class Room:
    """A room's seats. A seat is first reserved (while a row is written), then taken or released."""

    info: RoomInfo
    empty_since: float
    members: dict[PeerId, Member] = attrs.Factory(dict)
    reserved: set[PeerId] = attrs.Factory(set)
    closed: bool = False
    ending: bool = False
    """The last member has left; the room ends unless someone who is on the way in arrives."""

    @property
    def is_empty(self) -> bool:
        """Nobody in, nobody on the way in."""
        return not self.members and not self.reserved

    def reserve(self, peer_id: PeerId) -> Refusal | None:
        """Hold a seat for a peer that is about to enter; None when it is held."""
        if self.closed:
            return Refusal.CLOSED
        if peer_id in self.members or peer_id in self.reserved:
            return Refusal.ALREADY_JOINED
        if len(self.members) + len(self.reserved) >= self.info.max_users:
            return Refusal.FULL
        self.reserved.add(peer_id)
        return None

    def release(self, peer_id: PeerId, now: float) -> None:
        """Give a held seat back."""
        self.reserved.discard(peer_id)
        self._note_empty(now)

    def enter(self, member: Member) -> list[Member] | None:
        """Take the held seat: the members that were there before, or None if the room closed meanwhile."""
        if self.closed or member.peer_id not in self.reserved:
            return None
        self.reserved.discard(member.peer_id)
        before = list(self.members.values())
        self.members[member.peer_id] = member
        return before

    def leave(self, peer_id: PeerId, now: float) -> Member | None:
        """The member that left, or None if it was not in."""
        member = self.members.pop(peer_id, None)
        if member is not None:
            self._note_empty(now)
        return member

    def close(self) -> list[Member]:
        """End the room: everyone that was in it; from now on nobody gets a seat."""
        self.closed = True
        everyone = list(self.members.values())
        self.members.clear()
        self.reserved.clear()
        return everyone

    def _note_empty(self, now: float) -> None:
        if self.is_empty:
            self.empty_since = now
