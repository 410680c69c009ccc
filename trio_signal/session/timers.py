"""One task for all timers of the node: heartbeats, token expiry, fresh credentials.

A task per timer would cost every idle connection some kilobytes. Times are of Trio's clock.
"""

import heapq
from collections.abc import Callable

import attrs
import trio


@attrs.define(order=True)
class Timer:
    """Something due. Cancelled by its owner by `Timers.cancel`."""

    when: float
    _number: int
    action: Callable[[], None] | None = attrs.field(order=False)
    on_error: Callable[[Exception], None] = attrs.field(order=False)


@attrs.define(eq=False)
class Timers:
    """Plain calls at given times. A call that raises is handed to its owner and harms nobody else."""

    _heap: list[Timer] = attrs.Factory(list)
    _number: int = 0
    _cancelled: int = 0
    _earlier: trio.Event = attrs.Factory(trio.Event)

    def call_at(self, when: float, action: Callable[[], None], on_error: Callable[[Exception], None]) -> Timer:
        """Call `action` at `when`, once."""
        self._number += 1
        timer = Timer(when, self._number, action, on_error)
        heapq.heappush(self._heap, timer)
        if self._heap[0] is timer:
            self._earlier.set()
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """Make a timer do nothing; one that is None, due or cancelled already is none to cancel."""
        if timer is None or timer.action is None:
            return
        timer.action = None
        self._cancelled += 1
        if self._cancelled > 100 and self._cancelled * 2 > len(self._heap):
            self._heap = [one for one in self._heap if one.action is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def __len__(self) -> int:
        """How many timers are set."""
        return len(self._heap) - self._cancelled

    async def run(self) -> None:
        """Call what is due, for ever."""
        while True:
            self._run_due(trio.current_time())
            self._earlier = trio.Event()
            deadline = self._heap[0].when if self._heap else float("inf")
            with trio.CancelScope(deadline=deadline):
                await self._earlier.wait()

    def _run_due(self, now: float) -> None:
        while self._heap and self._heap[0].when <= now:
            timer = heapq.heappop(self._heap)
            if timer.action is None:
                self._cancelled -= 1
                continue
            action, timer.action = timer.action, None
            try:
                action()
            except Exception as exc:  # noqa: BLE001 - handed to its owner's guard
                timer.on_error(exc)
