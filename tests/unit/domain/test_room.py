"""A room's seats, one rule each."""

import pytest

from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import Member, Refusal, Room, RoomInfo

ANN, BEN, CAT = PeerId("p_ann"), PeerId("p_ben"), PeerId("p_cat")


def room(max_users: int = 2) -> Room:
    """An empty room since 0."""
    return Room(RoomInfo(RoomId("r-1"), "room", 1, "owner", max_users, 0.0), 0.0)


def member(peer_id: PeerId) -> Member:
    """A member as it enters."""
    return Member(peer_id, 1, "ann", 5.0)


def seat(in_room: Room, *peers: PeerId) -> None:
    """Enter, one after another."""
    for peer_id in peers:
        assert in_room.reserve(peer_id) is None
        assert in_room.enter(member(peer_id)) is not None


def test_who_enters_learns_who_was_there_before() -> None:
    """In the order they came."""
    there = room(3)
    seat(there, ANN, BEN)
    there.reserve(CAT)
    before = there.enter(member(CAT))
    assert before is not None
    assert [one.peer_id for one in before] == [ANN, BEN]


def test_a_reserved_seat_counts() -> None:
    """Or two could be promised the last one."""
    there = room(2)
    seat(there, ANN)
    assert there.reserve(BEN) is None
    assert there.reserve(CAT) is Refusal.FULL


@pytest.mark.parametrize("entered", [True, False])
def test_one_peer_has_one_seat(entered: bool) -> None:
    """Whether taken or reserved."""
    there = room(5)
    there.reserve(ANN)
    if entered:
        there.enter(member(ANN))
    assert there.reserve(ANN) is Refusal.ALREADY_JOINED


def test_a_member_of_a_full_room_is_told_that_it_is_in() -> None:
    """Rather than that it is full."""
    there = room(1)
    seat(there, ANN)
    assert there.reserve(ANN) is Refusal.ALREADY_JOINED


def test_a_seat_that_is_released_is_free() -> None:
    """For somebody else."""
    there = room(1)
    there.reserve(ANN)
    there.release(ANN, 1.0)
    assert there.reserve(BEN) is None


def test_a_seat_that_is_left_is_free() -> None:
    """For somebody else."""
    there = room(1)
    seat(there, ANN)
    assert there.leave(ANN, 1.0) == member(ANN)
    assert there.reserve(BEN) is None


def test_nobody_enters_without_a_seat() -> None:
    """Not even into an empty room."""
    assert room().enter(member(ANN)) is None


def test_who_is_not_in_does_not_leave() -> None:
    """A second goodbye does nothing."""
    there = room()
    seat(there, ANN)
    there.leave(ANN, 1.0)
    assert there.leave(ANN, 2.0) is None
    assert there.empty_since == 1.0


def test_closing_puts_everybody_out() -> None:
    """Those who are in are named; those on the way in find it closed."""
    there = room(3)
    seat(there, ANN, BEN)
    there.reserve(CAT)
    assert [one.peer_id for one in there.close()] == [ANN, BEN]
    assert there.enter(member(CAT)) is None
    assert there.reserve(PeerId("p_new")) is Refusal.CLOSED
    assert there.is_empty


def test_a_room_is_empty_since_its_last_one_went() -> None:
    """Whether a member or one on the way in."""
    there = room(2)
    seat(there, ANN)
    there.reserve(BEN)
    there.leave(ANN, 10.0)
    assert (there.is_empty, there.empty_since) == (False, 0.0)
    there.release(BEN, 20.0)
    assert (there.is_empty, there.empty_since) == (True, 20.0)
