"""The pump: one reader for all plain sockets of the node.

It owns an epoll object, sleeps in Trio until that object itself is readable, then reads every ready socket once and
runs the plain calls that the bytes lead to; at the end of the pass everything that was queued is written, once per
peer. A connection's own task sleeps meanwhile. Where there is no nestable poller (not Linux), there is no pump, and
every lane reads in its connection's own task.
"""

import contextlib
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import trio

from trio_signal.session.egress import Egress

MAX_EVENTS = 512
"""Sockets read in one pass; Trio's other tasks run between passes."""


class Pumped(Protocol):
    """What the pump reads for."""

    fd: int

    def read_ready(self) -> None:
        """Read once and run what follows. Must not raise, must not wait."""


class Pump:
    """See the module. Made by `open_pump`, which owns its one task."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._lanes: dict[int, Pumped] = {}
        self._poller = select.epoll()

    def add(self, lane: Pumped) -> None:
        """Read for this lane from now on. It must be removed before its socket is closed."""
        self._lanes[lane.fd] = lane
        self._poller.register(lane.fd, select.EPOLLIN)

    def remove(self, lane: Pumped) -> None:
        """Leave this lane's socket alone; does nothing if it was not added."""
        if self._lanes.pop(lane.fd, None) is not None:
            with contextlib.suppress(OSError):
                self._poller.unregister(lane.fd)

    def __len__(self) -> int:
        return len(self._lanes)

    async def run(self) -> None:
        """Pass after pass, for ever."""
        fd = self._poller.fileno()
        while True:
            await trio.lowlevel.wait_readable(fd)
            self._run_pass()

    def _run_pass(self) -> None:
        egress, lanes = self._egress, self._lanes
        egress.in_pass = True
        try:
            for fd, _ in self._poller.poll(0, MAX_EVENTS):
                lane = lanes.get(fd)
                if lane is not None:
                    lane.read_ready()
            egress.flush()
        finally:
            egress.in_pass = False

    def close(self) -> None:
        self._poller.close()


@asynccontextmanager
async def open_pump(egress: Egress) -> AsyncIterator[Pump | None]:
    """A running pump, or None where the system has no epoll."""
    if not hasattr(select, "epoll"):
        yield None
        return
    pump = Pump(egress)
    with contextlib.closing(pump):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump.run)
            yield pump
            nursery.cancel_scope.cancel()
