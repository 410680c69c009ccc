"""How much one connection may ask, and get wrong, before it is refused or closed (PROTOCOL.md sections 2 and 6)."""

from trio_signal.limits import Strikes
from trio_signal.protocol.codes import CloseCode, ErrorCode

MAX_MISTAKES = 20
MISTAKES_WINDOW_S = 60.0
FLOOD_WINDOW_S = 10.0
BURST_S = 2
"""How many seconds' worth of requests may come at once."""


class Patience:
    """The limits of one connection. Times are of Trio's clock."""

    __slots__ = ("_arrival", "_flood", "_interval_s", "_max_refusals", "_mistakes", "_slack_s")

    def __init__(self, requests_per_s: int, max_refusals: int) -> None:
        self._interval_s = 1 / requests_per_s if requests_per_s else 0.0
        self._slack_s = BURST_S - self._interval_s
        self._arrival = 0.0
        self._max_refusals = max_refusals
        self._mistakes: Strikes | None = None
        self._flood: Strikes | None = None

    def wait_s(self, now: float) -> float:
        """0.0 for a request that may be carried out, else how soon the next one may: `limits.RateLimit` for one key."""
        arrival = self._arrival
        if arrival <= now:
            self._arrival = now + self._interval_s
            return 0.0
        wait_s = arrival - now - self._slack_s
        if wait_s > 1e-9:
            return wait_s
        self._arrival = arrival + self._interval_s
        return 0.0

    def after(self, refusal: ErrorCode, now: float) -> CloseCode | None:
        """What a refusal leads to, besides its answer: a close code once there have been too many."""
        if refusal is ErrorCode.VALIDATION_ERROR:
            self._mistakes = self._mistakes or Strikes(MAX_MISTAKES, MISTAKES_WINDOW_S)
            return CloseCode.BAD_REQUEST if self._mistakes.add(now) else None
        if refusal is ErrorCode.RATE_LIMIT:
            self._flood = self._flood or Strikes(self._max_refusals, FLOOD_WINDOW_S)
            return CloseCode.RATE_LIMITED if self._flood.add(now) else None
        return None
