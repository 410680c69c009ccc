"""The batching writer: what is handed to it reaches the store, in order, or is known not to have.

Writes come from two sides. `record` is a plain call that no cancellation can cut: leaving uses it, and an entry stays
here until the store has confirmed its batch. `commit` waits until the write is durable: joining uses it. All that
arrived while a batch was being written goes into the next one, in one transaction (group commit).

Bounded without a number of its own: a `commit` belongs to a waiting connection, and a `record` to a row that a
`commit` opened.
"""

import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import trio

from trio_signal.domain.ids import RoomId
from trio_signal.store.base import CloseRoom, CloseRow, Outcome, Store, StoreUnavailable, Write
from trio_signal.telemetry.logs import get_logger

MAX_BATCH = 1000
FIRST_RETRY_S = 0.05
LAST_RETRY_S = 2.0

log = get_logger()


@attrs.define(eq=False)
class _Entry:
    write: Write
    done: trio.Event | None = None
    outcome: Outcome | None = None
    error: Exception | None = None
    abandoned: bool = False
    undo: Sequence[Write] = ()


@attrs.define(eq=False)
class Journal:
    """See the module. Made by `open_journal`, which owns its one task."""

    _store: Store
    _timeout_s: float
    _waiting: deque[_Entry] = attrs.Factory(deque)
    _in_flight: list[_Entry] = attrs.Factory(list)
    _work: trio.Event = attrs.Factory(trio.Event)
    _idle: trio.Event = attrs.Factory(trio.Event)
    _one_by_one: int = 0
    failures: int = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def record(self, *writes: Write) -> None:
        """Write these some time soon, whatever happens to the caller. Never fails, never waits."""
        self._append(*(_Entry(write) for write in writes))

    async def commit(self, write: Write, *, undo: Sequence[Write] = ()) -> Outcome:
        """The write's outcome once it is durable.

        Raises StoreUnavailable if that takes longer than the store's timeout. Whoever stops waiting, by that or by
        cancellation, need not care: the write is withdrawn, or, if it was on its way and succeeds, `undo` follows it.
        """
        entry = _Entry(write, trio.Event(), undo=undo)
        assert entry.done is not None  # noqa: S101 - for the type checker
        self._append(entry)
        try:
            with trio.move_on_after(self._timeout_s):
                await entry.done.wait()
        except BaseException:
            if entry.outcome is Outcome.DONE:
                self.record(*undo)
            entry.abandoned = True
            raise
        entry.abandoned = entry.outcome is None and entry.error is None
        if entry.outcome is not None:
            return entry.outcome
        raise entry.error or StoreUnavailable("the store did not answer in time")

    def is_closing(self, room_id: RoomId) -> bool:
        """Whether the end of this room is still on its way to the store."""
        entries = (*self._in_flight, *self._waiting)
        return any(isinstance(one.write, CloseRoom) and one.write.room_id == room_id for one in entries)

    async def flushed(self) -> None:
        """Return when nothing waits to be written."""
        while len(self):
            await self._idle.wait()

    def _append(self, *entries: _Entry) -> None:
        self._waiting.extend(entries)
        self._work.set()
        if self._idle.is_set():
            self._idle = trio.Event()

    async def run(self) -> None:
        """Write batch after batch, for ever."""
        while True:
            await self._work.wait()
            self._take_batch()
            if self._in_flight:
                await self._write_batch()
            if not self._waiting:
                self._work = trio.Event()
                self._idle.set()

    def _take_batch(self) -> None:
        most = 1 if self._one_by_one else MAX_BATCH
        self._one_by_one = max(0, self._one_by_one - 1)
        while self._waiting and len(self._in_flight) < most:
            entry = self._waiting.popleft()
            if not entry.abandoned:
                self._in_flight.append(entry)

    async def _write_batch(self) -> None:
        """Write what is in flight, again and again until the store takes it."""
        retry_s = FIRST_RETRY_S
        while self._in_flight:
            try:
                outcomes = await self._store.write([entry.write for entry in self._in_flight])
            except StoreUnavailable as exc:
                self.failures += 1
                log.warning("store unavailable", error=str(exc), waiting=len(self), retry_in_s=round(retry_s, 2))
                await trio.sleep(retry_s * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
                retry_s = min(retry_s * 2, LAST_RETRY_S)
                self._withdraw_abandoned()
            except Exception as exc:  # noqa: BLE001 - one bad entry must not hold up all others
                self._isolate(exc)
            else:
                self._confirm(self._in_flight, outcomes)

    def _withdraw_abandoned(self) -> None:
        """What nobody waits for any more need not be tried again; a row that a lost answer hides is closed."""
        for entry in self._in_flight:
            if entry.abandoned:
                self.record(*(write for write in entry.undo if isinstance(write, CloseRow)))
        self._in_flight = [entry for entry in self._in_flight if not entry.abandoned]

    def _isolate(self, error: Exception) -> None:
        """A batch that the store rejects for what is in it: each entry by itself, so that only the bad one fails."""
        if len(self._in_flight) == 1:
            bad = self._in_flight.pop()
            log.error("write rejected", write=type(bad.write).__name__, error=repr(error))
            bad.error = error
            if bad.done is not None:
                bad.done.set()
            return
        self._one_by_one = len(self._in_flight)
        self._waiting.extendleft(reversed(self._in_flight))
        self._in_flight = []

    def _confirm(self, entries: list[_Entry], outcomes: list[Outcome]) -> None:
        for entry, outcome in zip(entries, outcomes, strict=True):
            entry.outcome = outcome
            if entry.done is not None:
                entry.done.set()
            if entry.abandoned and outcome is Outcome.DONE and entry.undo:
                self.record(*entry.undo)
        self._in_flight = []


@asynccontextmanager
async def open_journal(store: Store, *, timeout_s: float, flush_s: float) -> AsyncIterator[Journal]:
    """A running journal. On exit it flushes for at most `flush_s`, whatever is cancelled around it."""
    journal, writing = Journal(store, timeout_s), trio.CancelScope(shield=True)

    async def write() -> None:
        with writing:
            await journal.run()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        try:
            yield journal
        finally:
            # The shield's deadline: from here on the writer has `flush_s`, no more.
            writing.deadline = trio.current_time() + flush_s
            with trio.move_on_after(flush_s, shield=True):
                await journal.flushed()
            if len(journal):
                log.error("rows not written at exit", count=len(journal))
            writing.cancel()
