"""The way out: everything that was queued during one pass of the scheduler is written once per peer.

The pump flushes at the end of each of its passes. Whatever queues a frame at another time wakes the flusher, which
runs once when the tasks that are runnable now have had their turn: the same coalescing, and no flush to forget.
"""

from typing import TYPE_CHECKING

import attrs
import trio

if TYPE_CHECKING:
    from trio_signal.session.outbox import Outbox


@attrs.define(eq=False)
class Egress:
    """The outboxes that hold something not yet offered to their sockets."""

    dirty: "list[Outbox]" = attrs.Factory(list)
    in_pass: bool = False
    """Whether someone who will call `flush` is at work."""
    _flusher: trio.lowlevel.Task | None = None

    def wake(self) -> None:
        """Have the flusher run soon. Called for the first frame that is queued outside a pass."""
        if self._flusher is not None:
            flusher, self._flusher = self._flusher, None
            trio.lowlevel.reschedule(flusher)

    def flush(self) -> None:
        """Offer every dirty outbox's frames to its socket. A plain call; never raises for a broken socket."""
        dirty = self.dirty
        if not dirty:
            return
        self.dirty = []
        for outbox in dirty:
            outbox.flush()

    async def run(self) -> None:
        """The flusher: flushes whenever something was queued outside a pass."""
        while True:
            self.flush()
            if self.dirty:
                await trio.lowlevel.checkpoint()
                continue
            self._flusher = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._flusher = None
        return trio.lowlevel.Abort.SUCCEEDED
