"""The bounded queue between a peer and its socket. `put` is a plain call; who does not read is closed, alone."""

from collections.abc import Awaitable, Callable

import trio

from trio_signal.session.egress import Egress
from trio_signal.session.link import Link, LinkBroken

MAX_WRITE_BYTES = 256 * 1024
"""The most that is joined for one write."""


class Outbox:
    """Complete frames on their way to one socket.

    Frames are offered to the socket together, at the end of the pass they were queued in; what it does not take at
    once is written by a task that lives until the queue is empty again. Over `max_messages` or `max_bytes` the peer is
    a slow consumer: nothing more is taken and `on_overflow` is called (a plain call, in the middle of a fan-out: it
    must only note and schedule).
    """

    __slots__ = (
        "_bytes",
        "_drained",
        "_egress",
        "_frames",
        "_link",
        "_max_bytes",
        "_max_messages",
        "_on_overflow",
        "_start_writer",
        "_writing",
        "closed",
    )

    def __init__(
        self,
        link: Link,
        egress: Egress,
        *,
        max_messages: int,
        max_bytes: int,
        start_writer: Callable[[Callable[[], Awaitable[None]]], None],
        on_overflow: Callable[[], None],
    ) -> None:
        self._link = link
        self._egress = egress
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._start_writer = start_writer
        self._on_overflow = on_overflow
        self._frames: list[bytes] = []
        self._bytes = 0
        self._writing = False
        self._drained: trio.Event | None = None
        self.closed = False

    def put(self, frame: bytes) -> bool:
        """Queue a complete frame; False if the queue is closed or this frame makes it overflow."""
        if self.closed:
            return False
        frames = self._frames
        if frames:
            size = self._bytes + len(frame)
            if (size > self._max_bytes or len(frames) >= self._max_messages) and not self._makes_room(len(frame)):
                return False
            self._frames.append(frame)
            self._bytes += len(frame)
            return True
        frames.append(frame)
        self._bytes = len(frame)
        if not self._writing:
            egress = self._egress
            egress.dirty.append(self)
            if not egress.in_pass:
                egress.wake()
        return True

    def _makes_room(self, size: int) -> bool:
        """Over the bound: perhaps only because this pass has queued much; else the peer is too slow."""
        self.flush()
        if self.closed:
            return False
        if self._bytes + size <= self._max_bytes and len(self._frames) < self._max_messages:
            if not self._frames and not self._writing:
                self._egress.dirty.append(self)
            return True
        self.closed = True
        self._on_overflow()
        return False

    def flush(self) -> None:
        """Offer everything queued to the socket at once; the rest is left to the writer."""
        frames = self._frames
        if self._writing or not frames:
            return
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        try:
            taken = self._link.write(data)
        except LinkBroken:
            self.discard()
            return
        if taken == len(data):
            self._frames = []
            self._bytes = 0
        else:
            self._frames = [data[taken:]] if taken else [data]
            self._bytes = len(data) - taken
            self._writing = True
            self._start_writer(self._write_rest)

    async def _write_rest(self) -> None:
        """The writer: lives while the socket is full. Its end is that of the queue or of the connection."""
        try:
            while self._frames:
                await self._link.write_all(self._take())
        except LinkBroken:
            self.discard()
        finally:
            self._writing = False
            if self._drained is not None:
                self._drained.set()

    def _take(self) -> bytes:
        """The next frames, joined; they count as queued until they are written, but are out of reach of `close`."""
        taken, size = 0, 0
        while taken < len(self._frames) and (not taken or size + len(self._frames[taken]) <= MAX_WRITE_BYTES):
            size += len(self._frames[taken])
            taken += 1
        data = self._frames[0] if taken == 1 else b"".join(self._frames[:taken])
        del self._frames[:taken]
        self._bytes -= size
        return data

    def close(self, *, keep: bool) -> None:
        """Take nothing more. Unless `keep`, drop what has not been begun: a slow peer has lost its place anyway."""
        self.closed = True
        if not keep:
            # The first entry may be the rest of a frame that is half out; a close frame must not fall into it.
            self._frames = self._frames[:1] if self._writing else []
            self._bytes = sum(map(len, self._frames))

    def discard(self) -> None:
        """The socket is broken: forget everything."""
        self.closed = True
        self._frames = []
        self._bytes = 0

    async def write_through(self, data: bytes) -> None:
        """Queue the transport's own bytes (pong, close) behind everything, closed or not; wait until written."""
        self._frames.append(data)
        self._bytes += len(data)
        self.flush()
        while self._writing:
            self._drained = trio.Event()
            await self._drained.wait()

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    @property
    def waiting_messages(self) -> int:
        return len(self._frames)
