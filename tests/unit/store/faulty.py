"""A store in memory that is away, slow or choosy, as told."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import trio

from trio_signal.domain.ids import EntryId
from trio_signal.store.base import CloseRoom, CloseRow, CreateRoom, OpenRow, Outcome, StoreUnavailable, Write

AWAY, LOST_ANSWER = "away", "lost answer"
Fault = str | float


class FaultyStore:
    """Each call of `write` meets the next fault: a time to take, being away, or an answer that is lost on its way."""

    def __init__(self, faults: Iterable[Fault] = (), *, poison: Sequence[EntryId] = ()) -> None:
        self.faults = deque(faults)
        self.poison = set(poison)
        self.hold: trio.Event | None = None
        self.before_answer: Callable[[], None] = lambda: None
        self.batches: list[list[Write]] = []
        self.done: list[Write] = []
        self.left: dict[EntryId, float | None] = {}

    @property
    def open_rows(self) -> set[EntryId]:
        return {entry for entry, left_at in self.left.items() if left_at is None}

    async def write(self, batch: Sequence[Write]) -> list[Outcome]:
        self.batches.append(list(batch))
        fault = self.faults.popleft() if self.faults else 0.0
        await trio.sleep(fault if isinstance(fault, float) else 0.01)
        if self.hold is not None:
            await self.hold.wait()
        if fault == AWAY:
            raise StoreUnavailable("away")
        if any(getattr(write, "entry_id", None) in self.poison for write in batch):
            raise ValueError("poison")
        outcomes = [self._do(write) for write in batch]
        self.before_answer()
        if fault == LOST_ANSWER:
            raise StoreUnavailable("the connection was lost")
        return outcomes

    def _do(self, write: Write) -> Outcome:
        self.done.append(write)
        match write:
            case OpenRow(room_id="r-gone"):
                return Outcome.ROOM_GONE
            case OpenRow():
                self.left.setdefault(write.entry_id, None)
            case CreateRoom():
                self.left.setdefault(write.first.entry_id, None)
            case CloseRow(entry_id=entry_id, left_at=left_at):
                if self.left.get(entry_id, 0.0) is None:
                    self.left[entry_id] = left_at
            case CloseRoom():
                pass
        return Outcome.DONE


def any_store(store: FaultyStore) -> Any:
    """It has as much of a store as the journal uses."""
    return store
