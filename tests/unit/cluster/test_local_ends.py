"""When a room ends, and when it stays though it is empty."""

import pytest

from tests.unit.cluster.seats import ANN, BEN, CAT, Ear, add_room, enter
from trio_signal.cluster.local import LocalCluster
from trio_signal.domain.ids import RoomId
from trio_signal.domain.room import Member
from trio_signal.protocol.codes import LeaveReason

GOING = [LeaveReason.LEFT, LeaveReason.DISCONNECTED, LeaveReason.KICKED, LeaveReason.TIMEOUT]
STAYING = [LeaveReason.SERVER_SHUTDOWN, LeaveReason.NODE_LOST]


@pytest.mark.parametrize("reason", GOING)
def test_a_room_ends_with_its_last_member(cluster: LocalCluster, reason: LeaveReason) -> None:
    """Not with the one before."""
    hall = add_room(cluster)
    enter(cluster, hall, ANN)
    enter(cluster, hall, BEN)
    assert not cluster.leave(hall, ANN, reason)
    assert cluster.leave(hall, BEN, reason)
    assert hall.room.closed
    assert cluster.find(RoomId("r-1")) is None
    assert cluster.list_rooms(None, 10) == []


@pytest.mark.parametrize("reason", STAYING)
def test_a_room_that_a_servers_end_left_empty_stays(cluster: LocalCluster, reason: LeaveReason) -> None:
    """So that people can come back to it."""
    hall = add_room(cluster)
    enter(cluster, hall, ANN)
    assert not cluster.leave(hall, ANN, reason)
    assert cluster.find(RoomId("r-1")) is hall
    enter(cluster, hall, ANN)


def test_someone_on_the_way_in_keeps_the_room(cluster: LocalCluster) -> None:
    """And it goes on when they arrive."""
    hall = add_room(cluster)
    enter(cluster, hall, ANN)
    cluster.reserve(hall, BEN)
    assert not cluster.leave(hall, ANN, LeaveReason.LEFT)
    cluster.enter(hall, Member(BEN, 1, "ben", 5.0), Ear())
    cluster.reserve(hall, CAT)
    assert not cluster.release(hall, CAT)
    assert cluster.find(RoomId("r-1")) is hall


def test_who_arrives_makes_the_room_what_it_was(cluster: LocalCluster) -> None:
    """That its last member had left before them does not count any more."""
    hall = add_room(cluster)
    enter(cluster, hall, ANN)
    cluster.reserve(hall, BEN)
    cluster.leave(hall, ANN, LeaveReason.LEFT)
    cluster.enter(hall, Member(BEN, 1, "ben", 5.0), Ear())
    cluster.reserve(hall, CAT)
    cluster.leave(hall, BEN, LeaveReason.SERVER_SHUTDOWN)
    assert not cluster.release(hall, CAT)
    assert cluster.find(RoomId("r-1")) is hall


def test_someone_who_fails_to_arrive_after_the_last_has_left_ends_the_room(cluster: LocalCluster) -> None:
    """The last one of those on the way."""
    hall = add_room(cluster)
    enter(cluster, hall, ANN)
    cluster.reserve(hall, BEN)
    cluster.reserve(hall, CAT)
    cluster.leave(hall, ANN, LeaveReason.LEFT)
    assert not cluster.release(hall, BEN)
    assert cluster.release(hall, CAT)
    assert cluster.find(RoomId("r-1")) is None


@pytest.mark.parametrize("reason", STAYING)
def test_who_fails_to_arrive_in_a_room_that_stays_does_not_end_it(cluster: LocalCluster, reason: LeaveReason) -> None:
    """Nor in one that nobody has entered since the start."""
    hall = add_room(cluster)
    cluster.reserve(hall, BEN)
    assert not cluster.release(hall, BEN)
    enter(cluster, hall, ANN)
    cluster.reserve(hall, BEN)
    cluster.leave(hall, ANN, reason)
    assert not cluster.release(hall, BEN)
    assert cluster.find(RoomId("r-1")) is hall
