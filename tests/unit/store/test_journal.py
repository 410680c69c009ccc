"""The journal on a store that has its moods: what is recorded is written, in its order."""

import contextlib
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from tests.unit.store.faulty import AWAY, LOST_ANSWER, Fault, FaultyStore, any_store
from tests.unit.store.rows import ROOM, T0, opening
from trio_signal.domain.ids import EntryId, RoomId
from trio_signal.store.base import CloseRoom, CloseRow, OpenRow, Outcome, StoreUnavailable, Write
from trio_signal.store.journal import LAST_RETRY_S, MAX_BATCH, Journal, open_journal

TIMEOUT_S = 1.8
FLUSH_S = 3.0
settled = trio.testing.wait_all_tasks_blocked


@contextlib.asynccontextmanager
async def journal_on(store: FaultyStore) -> AsyncIterator[Journal]:
    """A running journal."""
    async with open_journal(any_store(store), timeout_s=TIMEOUT_S, flush_s=FLUSH_S) as journal:
        yield journal


def closing(entry: str = "e_1") -> CloseRow:
    """Someone leaves."""
    return CloseRow(EntryId(entry), T0 + 1)


async def abandon(journal: Journal, patience_s: float, row: OpenRow, *undo: Write) -> None:
    """Commit, and stop waiting: cancelled, or by the journal's own timeout."""
    with trio.move_on_after(patience_s), contextlib.suppress(StoreUnavailable):
        await journal.commit(row, undo=undo)
        pytest.fail("it was committed")


async def test_what_is_recorded_is_written_soon(autojump_clock: trio.testing.MockClock) -> None:
    """Recording itself does not wait."""
    store = FaultyStore()
    async with journal_on(store) as journal:
        journal.record(closing("e_1"), closing("e_2"))
        journal.record(closing("e_3"))
        assert len(journal) == 3
        await journal.flushed()
        assert (store.done, len(journal)) == ([closing("e_1"), closing("e_2"), closing("e_3")], 0)


async def test_a_commit_returns_when_its_write_is_durable(autojump_clock: trio.testing.MockClock) -> None:
    """Not before."""
    store = FaultyStore([0.5])
    async with journal_on(store) as journal:
        assert await journal.commit(opening()) is Outcome.DONE
        assert trio.current_time() == pytest.approx(0.5)
        assert store.open_rows == {"e_1"}


async def test_what_comes_during_a_write_goes_together_into_the_next(autojump_clock: trio.testing.MockClock) -> None:
    """Group commit: fifty joins cost two transactions."""
    store = FaultyStore([0.1, 0.1])
    async with journal_on(store) as journal, trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(journal.commit, opening(f"e_{number}"))
            if number == 0:
                await settled()
    assert [len(batch) for batch in store.batches] == [1, 49]


async def test_a_batch_is_bounded(autojump_clock: trio.testing.MockClock) -> None:
    """A node that loses all its peers at once does not hold one transaction for seconds."""
    store = FaultyStore()
    async with journal_on(store) as journal:
        journal.record(*(closing(f"e_{number}") for number in range(2 * MAX_BATCH + 1)))
    assert [len(batch) for batch in store.batches] == [MAX_BATCH, MAX_BATCH, 1]


@pytest.mark.parametrize("faults", [[AWAY] * 5, [LOST_ANSWER] * 3, [AWAY, LOST_ANSWER, AWAY, 0.2, AWAY]])
async def test_while_the_store_is_away_nothing_is_lost_and_the_order_kept(
    faults: list[Fault], autojump_clock: trio.testing.MockClock
) -> None:
    """It is tried again and again, at most so many seconds apart."""
    store = FaultyStore(faults)
    async with journal_on(store) as journal:
        for number in range(10):
            journal.record(opening(f"e_{number}"), closing(f"e_{number}"))
            await trio.sleep(0.3)
        with trio.fail_after((len(faults) + 1) * LAST_RETRY_S):
            await journal.flushed()
        assert journal.failures == sum(not isinstance(fault, float) for fault in faults)
    assert store.open_rows == set()
    first_seen = list(dict.fromkeys(store.done))
    assert first_seen == [write for number in range(10) for write in (opening(f"e_{number}"), closing(f"e_{number}"))]


async def test_a_commit_takes_no_longer_than_the_stores_timeout(autojump_clock: trio.testing.MockClock) -> None:
    """UNAVAILABLE within two seconds."""
    store = FaultyStore([AWAY] * 100)
    async with journal_on(store) as journal:
        with pytest.raises(StoreUnavailable):
            await journal.commit(opening(), undo=[closing()])
        assert trio.current_time() == pytest.approx(TIMEOUT_S)
        store.faults.clear()
    assert store.open_rows == set()


@pytest.mark.parametrize("patience_s", [0.0, 0.05, 5.0], ids=["at once", "cancelled", "timeout"])
async def test_a_commit_nobody_waits_for_is_withdrawn_before_it_is_tried(
    patience_s: float, autojump_clock: trio.testing.MockClock
) -> None:
    """It stood behind a slow one."""
    store = FaultyStore([2.5])
    async with journal_on(store) as journal:
        journal.record(closing("e_slow"))
        await settled()
        await abandon(journal, patience_s, opening(), closing())
    assert opening() not in store.done


@pytest.mark.parametrize("patience_s", [0.05, 5.0], ids=["cancelled", "timeout"])
async def test_a_commit_that_succeeds_after_nobody_waits_is_undone(
    patience_s: float, autojump_clock: trio.testing.MockClock
) -> None:
    """It was on its way."""
    store = FaultyStore([2.5])
    async with journal_on(store) as journal:
        await abandon(journal, patience_s, opening(), closing(), CloseRoom(ROOM, T0))
    assert store.done == [opening(), closing(), CloseRoom(ROOM, T0)]


async def test_a_commit_cancelled_in_the_moment_of_its_success_is_undone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The cancellation came first, and the waiter has not had its turn yet."""
    store, scope = FaultyStore(), trio.CancelScope()
    store.before_answer = scope.cancel
    async with journal_on(store) as journal:
        with scope:
            await journal.commit(opening(), undo=[closing()])
            pytest.fail("it was committed")
    assert store.done == [opening(), closing()]


@pytest.mark.parametrize("patience_s", [0.02, 5.0])
async def test_a_commit_whose_answer_was_lost_leaves_no_open_row(
    patience_s: float, autojump_clock: trio.testing.MockClock
) -> None:
    """It may have been written; nobody waits, so it is not tried again, but its row is closed."""
    store = FaultyStore([LOST_ANSWER, *[AWAY] * 10])
    async with journal_on(store) as journal:
        await abandon(journal, patience_s, opening(), closing(), CloseRoom(ROOM, T0))
        store.faults.clear()
    assert store.open_rows == set()
    assert CloseRoom(ROOM, T0) not in store.done


async def test_what_was_not_done_is_not_undone(autojump_clock: trio.testing.MockClock) -> None:
    """A room that was gone needs no closing."""
    store = FaultyStore([2.5])
    gone = opening(room=RoomId("r-gone"))
    async with journal_on(store) as journal:
        with pytest.raises(StoreUnavailable):
            await journal.commit(gone, undo=[closing()])
        await journal.flushed()
        assert await journal.commit(gone, undo=[closing()]) is Outcome.ROOM_GONE
    assert store.done == [gone, gone]


async def test_a_bad_write_fails_alone(autojump_clock: trio.testing.MockClock) -> None:
    """Its commit raises what the store said; the others of its batch are written, in their order."""
    store = FaultyStore([0.5, 1.0], poison=[EntryId("e_bad"), EntryId("e_worse")])
    failed: list[str] = []

    async def join(journal: Journal, row: OpenRow) -> None:
        try:
            assert await journal.commit(row) is Outcome.DONE
        except ValueError as exc:
            failed.append(f"{row.entry_id} {exc}")

    async with journal_on(store) as journal, trio.open_nursery() as nursery:
        journal.record(closing("e_first"))
        await settled()
        journal.record(closing("e_before"), closing("e_worse"))
        for entry in ("e_1", "e_bad", "e_2"):
            nursery.start_soon(join, journal, opening(entry))
            await settled()
        await trio.sleep(1)
        journal.record(closing("e_after"))
    assert failed == ["e_bad poison"]
    assert store.done == [closing("e_first"), closing("e_before"), opening("e_1"), opening("e_2"), closing("e_after")]


async def test_it_knows_which_rooms_are_closing(autojump_clock: trio.testing.MockClock) -> None:
    """While that waits, while it is written, while it is tried again, also one by one; not afterwards."""
    store = FaultyStore([0.1, AWAY, 0.1], poison=[EntryId("e_bad")])
    async with journal_on(store) as journal:
        journal.record(closing("e_first"))
        await settled()
        journal.record(closing("e_bad"), closing("e_2"), CloseRoom(ROOM, T0))
        while CloseRoom(ROOM, T0) not in store.done:
            assert journal.is_closing(ROOM)
            assert not journal.is_closing(RoomId("r-2"))
            await trio.sleep(0.02)
        await journal.flushed()
        assert not journal.is_closing(ROOM)


async def test_at_exit_everything_is_written(autojump_clock: trio.testing.MockClock) -> None:
    """Also what a store that comes back in time takes."""
    store = FaultyStore([AWAY, AWAY, AWAY, 0.5])
    async with journal_on(store) as journal:
        journal.record(closing())
    assert store.done == [closing()]
    assert trio.current_time() < FLUSH_S


async def test_at_exit_a_store_that_does_not_come_back_is_not_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Drain is bounded, whatever the database does."""
    store = FaultyStore()
    store.hold = trio.Event()
    async with journal_on(store) as journal:
        journal.record(closing())
    assert trio.current_time() == pytest.approx(FLUSH_S)
    assert store.done == []
    assert len(journal) == 1


@pytest.mark.parametrize("faults", [[], [0.5], [AWAY, 0.2]])
async def test_cancelled_from_outside_it_still_flushes(
    faults: list[Fault], autojump_clock: trio.testing.MockClock
) -> None:
    """Within its time."""
    store = FaultyStore(faults)
    with trio.CancelScope() as scope:
        async with journal_on(store) as journal:
            journal.record(closing("e_1"))
            scope.cancel()
            journal.record(closing("e_2"))
            await trio.sleep_forever()
    assert store.done == [closing("e_1"), closing("e_2")]
    assert trio.current_time() < FLUSH_S


async def test_an_error_inside_flushes_too(autojump_clock: trio.testing.MockClock) -> None:
    """And is not hidden."""
    store = FaultyStore([0.5])
    with pytest.RaisesGroup(KeyError):
        async with journal_on(store) as journal:
            journal.record(closing())
            raise KeyError
    assert store.done == [closing()]
