"""Any sequence of calls on a room, next to a model of it."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import Member, Refusal, Room, RoomInfo

PEERS = st.sampled_from([PeerId(f"p_{name}") for name in "abcdef"])


class Rooms(RuleBasedStateMachine):
    """The model: who is in, in their order; who is on the way; whether it is closed; since when it is empty."""

    @initialize(max_users=st.integers(1, 4))
    def make(self, max_users: int) -> None:
        self.clock = 0.0
        self.room = Room(RoomInfo(RoomId("r-1"), "room", 1, "owner", max_users, 0.0), 0.0)
        self.inside: list[PeerId] = []
        self.coming: set[PeerId] = set()
        self.closed = False
        self.empty_since = 0.0

    def now(self) -> float:
        """Time goes on with every call."""
        self.clock += 1.0
        return self.clock

    def note_empty(self) -> None:
        if not self.inside and not self.coming:
            self.empty_since = self.clock

    @rule(peer_id=PEERS)
    def reserve(self, peer_id: PeerId) -> None:
        taken = len(self.inside) + len(self.coming)
        if self.closed:
            expected: Refusal | None = Refusal.CLOSED
        elif peer_id in self.inside or peer_id in self.coming:
            expected = Refusal.ALREADY_JOINED
        elif taken >= self.room.info.max_users:
            expected = Refusal.FULL
        else:
            expected = None
            self.coming.add(peer_id)
        assert self.room.reserve(peer_id) is expected

    @rule(peer_id=PEERS)
    def enter(self, peer_id: PeerId) -> None:
        before = self.room.enter(Member(peer_id, 1, "user", 0.0))
        if peer_id not in self.coming:
            assert before is None
            return
        assert before is not None
        assert [one.peer_id for one in before] == self.inside
        self.coming.discard(peer_id)
        self.inside.append(peer_id)

    @precondition(lambda self: self.coming)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        peer_id = data.draw(st.sampled_from(sorted(self.coming)))
        self.room.release(peer_id, self.now())
        self.coming.discard(peer_id)
        self.note_empty()

    @rule(peer_id=PEERS)
    def leave(self, peer_id: PeerId) -> None:
        left = self.room.leave(peer_id, self.now())
        assert (left is not None) is (peer_id in self.inside)
        if left is not None:
            assert left.peer_id == peer_id
            self.inside.remove(peer_id)
            self.note_empty()

    @rule()
    def close(self) -> None:
        assert [one.peer_id for one in self.room.close()] == self.inside
        self.inside, self.coming, self.closed = [], set(), True

    @invariant()
    def never_over_capacity(self) -> None:
        assert len(self.room.members) + len(self.room.reserved) <= self.room.info.max_users

    @invariant()
    def nobody_is_in_and_on_the_way(self) -> None:
        assert not self.room.reserved & self.room.members.keys()

    @invariant()
    def as_the_model_says(self) -> None:
        room = self.room
        assert list(room.members) == self.inside
        assert (room.reserved, room.closed) == (self.coming, self.closed)
        assert room.is_empty is (not self.inside and not self.coming)
        if room.is_empty and not room.closed:
            assert room.empty_since == self.empty_since


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=60, stateful_step_count=40)
