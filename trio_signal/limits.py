"""Rate limits by GCRA, the generic cell rate algorithm (ITU-T I.371): a token bucket in one number. Pure.

A bucket is the time at which it will be empty again ("theoretical arrival time"), in seconds of any steady clock.
"""

import ipaddress
from collections.abc import Hashable

import attrs


@attrs.define
class RateLimit:
    """`burst` at once, then `per_second` steadily, for each key apart.

    A rate of 0 turns the limit off. Memory is bounded: at most `max_keys` are remembered, and those whose bucket is
    empty again are forgotten first; past that the oldest goes, which errs on the side of letting in.
    """

    per_second: float
    burst: int
    max_keys: int = 100_000
    _arrivals: dict[Hashable, float] = attrs.field(factory=dict, repr=False)

    @classmethod
    def per_minute(cls, count: int) -> "RateLimit":
        return cls(count / 60, count)

    def wait_s(self, key: Hashable, now: float) -> float:
        """0.0 and one taken from the bucket; or, nothing taken, the seconds until one could be."""
        if not self.per_second:
            return 0.0
        interval = 1 / self.per_second
        arrival = max(self._arrivals.pop(key, now), now)
        wait = arrival - now - interval * (self.burst - 1)
        if wait > 1e-9:
            self._arrivals[key] = arrival
            return wait
        if len(self._arrivals) >= self.max_keys:
            self._forget(now)
        self._arrivals[key] = arrival + interval
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop what no longer limits anybody; the dict is in order of last use, so the oldest come first."""
        spent = [key for key, arrival in self._arrivals.items() if arrival <= now]
        for key in spent or [next(iter(self._arrivals))]:
            del self._arrivals[key]

    def __len__(self) -> int:
        return len(self._arrivals)


@attrs.define
class Strikes:
    """How often something bad happened lately: full when `most` of them fall within `window_s`. 0 is never full."""

    most: int
    window_s: float
    _times: list[float] = attrs.field(factory=list)

    def add(self, now: float) -> bool:
        """Count one more; whether that makes it full."""
        if not self.most:
            return False
        if len(self._times) >= self.most:
            self._times = self._times[-self.most + 1 :] if self.most > 1 else []
        self._times.append(now)
        return len(self._times) >= self.most and now - self._times[0] <= self.window_s


def address_key(address: str) -> str:
    """What a limit per address counts: an IPv4 address, an IPv6 /64, the address in an IPv4-mapped one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
