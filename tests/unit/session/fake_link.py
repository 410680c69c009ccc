"""A link whose socket is as full, as slow or as broken as a test says."""

import trio

from trio_signal.session.egress import Egress
from trio_signal.session.link import LinkBroken
from trio_signal.session.outbox import Outbox


class FakeLink:
    """Takes `room` bytes at once; a waiting write goes on when `let_through` is called."""

    def __init__(self, room: int = 2**30) -> None:
        self.room = room
        self.broken = False
        self.written = b""
        self.writes: list[int] = []
        self._gate = trio.Event()

    def write(self, data: bytes) -> int:
        if self.broken:
            raise LinkBroken
        taken = min(self.room, len(data))
        self.room -= taken
        self.written += data[:taken]
        self.writes.append(taken)
        return taken

    async def write_all(self, data: bytes) -> None:
        await self._gate.wait()
        if self.broken:
            raise LinkBroken
        self.written += data
        self.writes.append(len(data))

    def let_through(self) -> None:
        """From now on waiting writes go through."""
        self._gate.set()

    def hold(self) -> None:
        """From now on they wait again, and nothing is taken at once."""
        if self._gate.is_set():
            self._gate = trio.Event()
        self.room = 0


def outbox_on(
    link: FakeLink,
    nursery: trio.Nursery,
    *,
    egress: Egress | None = None,
    max_messages: int = 100,
    max_bytes: int = 2**20,
    overflows: list[str] | None = None,
) -> Outbox:
    """An outbox whose writer runs in the nursery; each overflow adds to the list."""
    told = [] if overflows is None else overflows
    return Outbox(
        link,
        egress or Egress(),
        max_messages=max_messages,
        max_bytes=max_bytes,
        start_writer=nursery.start_soon,
        on_overflow=lambda: told.append("overflow"),
    )
