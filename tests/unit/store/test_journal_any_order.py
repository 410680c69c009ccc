"""Joins and leaves in any order, on a store with any faults: every row that was opened is closed."""

from pathlib import Path

import attrs
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.faulty import AWAY, LOST_ANSWER, Fault, FaultyStore, any_store
from tests.unit.store.rows import T0, creating, opening, stays
from trio_signal.domain.ids import EntryId
from trio_signal.store.base import CloseRow, OpenRow, Outcome, StoreUnavailable
from trio_signal.store.journal import Journal, open_journal
from trio_signal.store.sqlite import SqliteStore


@attrs.frozen
class Visit:
    """When someone comes, how long they wait to be let in, how long they stay."""

    at: float
    patience: float
    stay: float


TIMES = st.sampled_from([0.0, 0.01, 0.1, 0.5, 2.0, 5.0])
VISITS = st.lists(st.builds(Visit, TIMES, TIMES | st.just(100.0), TIMES), max_size=12)
FAULTS: st.SearchStrategy[list[Fault]] = st.lists(
    st.sampled_from([AWAY, LOST_ANSWER, 0.0, 0.01, 0.1, 2.5]), max_size=15
)


async def visit(journal: Journal, number: int, plan: Visit, stayed: set[EntryId]) -> None:
    """Join, stay, leave, as a connection does it."""
    row = opening(f"e_{number}")
    await trio.sleep(plan.at)
    with trio.move_on_after(plan.patience):
        try:
            outcome = await journal.commit(row, undo=[CloseRow(row.entry_id, row.joined_at)])
        except StoreUnavailable:
            return
        assert outcome is Outcome.DONE
        stayed.add(row.entry_id)
    if row.entry_id in stayed:
        with trio.CancelScope(shield=True):
            await trio.sleep(plan.stay)
        journal.record(CloseRow(row.entry_id, T0 + 7))


@given(visits=VISITS, faults=FAULTS)
def test_no_row_is_left_open(visits: list[Visit], faults: list[Fault]) -> None:
    """Nor closed twice, nor lost; who stayed has the time they left at."""
    store, stayed = FaultyStore(faults), set[EntryId]()

    async def run() -> None:
        async with (
            open_journal(any_store(store), timeout_s=1.8, flush_s=1000.0) as journal,
            trio.open_nursery() as nursery,
        ):
            for number, plan in enumerate(visits):
                nursery.start_soon(visit, journal, number, plan, stayed)

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    assert store.open_rows == set()
    assert {entry for entry, left_at in store.left.items() if left_at == T0 + 7} == stayed
    for entry in store.left:
        kinds = [type(write) for write in store.done if getattr(write, "entry_id", None) == entry]
        assert kinds.index(CloseRow) > max(at for at, kind in enumerate(kinds) if kind is OpenRow)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_the_same_on_a_real_file(store: SqliteStore, path: Path, cancelled: bool) -> None:
    """A hundred come at once and go at once; half of them are cut while they wait."""
    async with open_journal(store, timeout_s=30.0, flush_s=30.0) as journal:
        assert await journal.commit(creating("e_first")) is Outcome.DONE
        async with trio.open_nursery() as nursery:
            stayed = set[EntryId]()
            for number in range(100):
                patience = 0.0 if cancelled and number % 2 else 100.0
                nursery.start_soon(visit, journal, number, Visit(0.0, patience, 0.0), stayed)
        journal.record(CloseRow(EntryId("e_first"), T0 + 9))
    rows = {entry: left_at for entry, _, left_at, _ in stays(path)}
    assert None not in rows.values()
    assert {entry for entry, left_at in rows.items() if left_at == T0 + 7} == stayed
    assert len(stayed) == (50 if cancelled else 100)
