"""The cluster of one node: who is where, who is told what."""

from collections.abc import Iterator

from tests.unit.cluster.seats import ANN, BEN, CAT, Clock, Ear, add_room, enter
from trio_signal.cluster.base import Entered, Hall
from trio_signal.cluster.local import LocalCluster
from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import Member, Refusal
from trio_signal.protocol.codes import LeaveReason
from trio_signal.protocol.frames import text_frame


def test_everyone_sees_the_same_changes_in_the_same_order(cluster: LocalCluster) -> None:
    """Each from the moment it came; nobody hears of itself."""
    hall = add_room(cluster)
    ann, ben = enter(cluster, hall, ANN), enter(cluster, hall, BEN)
    cat = enter(cluster, hall, CAT)
    cluster.leave(hall, BEN, LeaveReason.LEFT)
    assert ann.heard == [("user-joined", BEN), ("user-joined", CAT), ("user-left", BEN)]
    assert ben.heard == [("user-joined", CAT)]
    assert cat.heard == [("user-left", BEN)]


def test_who_enters_learns_who_is_there(cluster: LocalCluster) -> None:
    """In the order they came."""
    hall = add_room(cluster)
    enter(cluster, hall, ANN)
    enter(cluster, hall, BEN)
    cluster.reserve(hall, CAT)
    entered = cluster.enter(hall, Member(CAT, 1, "cat", 5.0), Ear())
    assert isinstance(entered, Entered)
    assert [member.peer_id for member in entered.before] == [ANN, BEN]


def test_a_reservation_is_told_to_nobody(cluster: LocalCluster) -> None:
    """Nor its end."""
    hall = add_room(cluster)
    ann = enter(cluster, hall, ANN)
    cluster.reserve(hall, BEN)
    cluster.release(hall, BEN)
    assert ann.heard == []


def test_capacity_counts_those_on_the_way(cluster: LocalCluster) -> None:
    """So two who race for the last seat do not both get it."""
    hall = add_room(cluster, max_users=2)
    enter(cluster, hall, ANN)
    assert cluster.reserve(hall, BEN) is None
    assert cluster.reserve(hall, CAT) is Refusal.FULL


def test_leaving_twice_is_told_once(cluster: LocalCluster) -> None:
    """Exactly one `user-left` for each `user-joined`."""
    hall = add_room(cluster)
    ann = enter(cluster, hall, ANN)
    enter(cluster, hall, BEN)
    cluster.leave(hall, BEN, LeaveReason.LEFT)
    assert not cluster.leave(hall, BEN, LeaveReason.DISCONNECTED)
    assert ann.heard == [("user-joined", BEN), ("user-left", BEN)]


def test_closing_tells_everyone_once_and_puts_them_out(cluster: LocalCluster) -> None:
    """Those on the way in find no room; leaving afterwards does nothing."""
    hall = add_room(cluster)
    ann, ben = enter(cluster, hall, ANN), enter(cluster, hall, BEN)
    cluster.reserve(hall, CAT)
    ann.heard.clear()
    cluster.close(hall, "over")
    cluster.close(hall, "again")
    assert ann.heard == ben.heard == [("room-closed", "over")]
    assert cluster.enter(hall, Member(CAT, 1, "cat", 5.0), Ear()) is None
    assert not cluster.release(hall, CAT)
    assert not cluster.leave(hall, ANN, LeaveReason.LEFT)
    assert (cluster.find_peer(ANN), cluster.joined_peers, cluster.active_rooms) == (None, 0, 0)


def test_who_is_told_finds_the_room_gone_already(cluster: LocalCluster) -> None:
    """A client may answer `room-closed` with the same id at once."""
    hall = add_room(cluster)
    found: list[Hall | None] = []

    class Curious(Ear):
        def room_closed(self, reason: str) -> None:
            super().room_closed(reason)
            found.append(cluster.find(RoomId("r-1")))

    enter(cluster, hall, ANN, Curious())
    cluster.close(hall, "over")
    assert found == [None]
    assert cluster.claim(RoomId("r-1"))


def test_an_id_is_claimed_once(cluster: LocalCluster) -> None:
    """While a room is being made, and while there is one."""
    assert cluster.claim(RoomId("r-1"))
    assert not cluster.claim(RoomId("r-1"))
    cluster.unclaim(RoomId("r-1"))
    add_room(cluster)
    assert not cluster.claim(RoomId("r-1"))


def test_adding_a_room_that_is_there_gives_that_one(cluster: LocalCluster) -> None:
    """Two who find it in the store at once are in one room."""
    assert add_room(cluster) is add_room(cluster)
    assert len(cluster.list_rooms(None, 10)) == 1


def test_a_broadcast_counts_the_queues_that_took_it() -> None:
    """Not the sender's, and not those that are full."""
    ann, ben, cat = Ear(), Ear(), Ear(full=True)
    cluster = LocalCluster(lambda: 0.0)
    hall = add_room(cluster)
    for peer_id, ear in ((ANN, ann), (BEN, ben), (CAT, cat)):
        enter(cluster, hall, peer_id, ear)
    for ear in (ann, ben):
        ear.heard.clear()
    assert hall.broadcast(text_frame(b'{"type":"message","data":1}'), but=ann) == 1
    assert (ann.heard, ben.heard) == ([], [("message", 1)])


def test_figures_follow_what_happens(cluster: LocalCluster) -> None:
    """Rooms with somebody in them, peers in rooms, and where each is."""
    first, second = add_room(cluster, "r-1"), add_room(cluster, "r-2")
    figures = [(cluster.active_rooms, cluster.joined_peers)]
    for step in steps(cluster, first, second):
        assert step is None
        figures.append((cluster.active_rooms, cluster.joined_peers))
    assert figures == [(0, 0), (1, 1), (1, 2), (2, 3), (2, 2), (1, 1), (0, 0)]
    assert cluster.find_peer(ANN) is None


def steps(cluster: LocalCluster, first: Hall, second: Hall) -> Iterator[None]:
    """In, in, in, out, out, closed."""
    for hall, peer_id in ((first, ANN), (first, BEN), (second, CAT)):
        enter(cluster, hall, peer_id)
        assert cluster.find_peer(peer_id) is hall
        yield
    for hall, peer_id, reason in ((first, ANN, LeaveReason.LEFT), (second, CAT, LeaveReason.SERVER_SHUTDOWN)):
        cluster.leave(hall, peer_id, reason)
        yield
    cluster.close(first, "over")
    yield


def test_lists_are_oldest_first_and_go_on_behind_a_cursor(cluster: LocalCluster) -> None:
    """Also behind a room that has ended meanwhile; equal times are in the order of their ids."""
    for name, created_at in (("r-c", 2.0), ("r-b", 1.0), ("r-d", 2.0), ("r-a", 3.0)):
        enter(cluster, add_room(cluster, name, created_at=created_at), PeerId("p_" + name))
    assert [info.room_id for info, _ in cluster.list_rooms(None, 10)] == ["r-b", "r-c", "r-d", "r-a"]
    page = cluster.list_rooms(None, 2)
    last = page[-1][0]
    hall = cluster.find(last.room_id)
    assert hall is not None
    cluster.close(hall, "over")
    rest = cluster.list_rooms((last.created_at, last.room_id), 10)
    assert [(info.room_id, users) for info, users in rest] == [("r-d", 1), ("r-a", 1)]
    assert cluster.list_rooms((3.0, "r-a"), 10) == []


def test_rooms_are_idle_since_the_last_one_went(cluster: LocalCluster, clock: Clock) -> None:
    """Those with anybody in or on the way are not."""
    empty, left, busy, coming = (
        add_room(cluster, f"r-{name}", created_at=50.0) for name in ("empty", "left", "busy", "coming")
    )
    enter(cluster, busy, ANN)
    enter(cluster, left, BEN)
    cluster.reserve(coming, CAT)
    cluster.leave(left, BEN, LeaveReason.SERVER_SHUTDOWN)
    assert cluster.idle_since(49.9) == []
    assert cluster.idle_since(50.0) == [empty]
    assert cluster.idle_since(clock.now) == [empty, left]
