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
    once is written by a task that lives until the queue is empty again. Over `max_messages` or `max_bytes` the peer
    is a slow consumer: nothing more is taken and `on_overflow` is called (a plain call, in the middle of a fan-out:
    it must only note and schedule).
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
        "_rest",
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
        self._rest = b""
        self._bytes = 0
        self._writing = False
        self._drained: trio.Event | None = None
        self.closed = False

    def put(self, frame: bytes) -> bool:
        """Queue a complete frame; False if the queue is closed or this frame makes it overflow."""
        if self.closed:
            return False
        frames = self._frames
        if frames or self._writing:
            if (
                len(frames) >= self._max_messages or self._bytes + len(frame) > self._max_bytes
            ) and not self._makes_room(len(frame)):
                return False
            self._frames.append(frame)
            self._bytes += len(frame)
            return True
        frames.append(frame)
        self._bytes = len(frame)
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
        if not self._frames and not self._writing:
            self._egress.dirty.append(self)
            return True
        if self._bytes + size <= self._max_bytes and len(self._frames) < self._max_messages:
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
        self._frames = []
        try:
            taken = self._link.write(data)
        except LinkBroken:
            self.discard()
            return
        self._bytes = len(data) - taken
        if self._bytes:
            self._rest = data[taken:] if taken else data
            self._writing = True
            self._start_writer(self._write_rest)

    async def _write_rest(self) -> None:
        """The writer: lives while the socket is full. Its end is that of the queue or of the connection."""
        try:
            while data := self._rest or self._take():
                await self._link.write_all(data)
                self._rest = b""
                self._bytes -= len(data)
        except LinkBroken:
            self.discard()
        finally:
            self._writing = False
            if self._drained is not None:
                self._drained.set()

    def _take(self) -> bytes:
        """The next frames, joined; counted as queued until they are written."""
        taken, size = 0, 0
        while taken < len(self._frames) and (not taken or size + len(self._frames[taken]) <= MAX_WRITE_BYTES):
            size += len(self._frames[taken])
            taken += 1
        self._rest = b"".join(self._frames[:taken])
        del self._frames[:taken]
        return self._rest

    def close(self, *, keep: bool) -> None:
        """Take nothing more. Unless `keep`, drop what has not been begun: a slow peer has lost its place anyway."""
        self.closed = True
        if not keep:
            self._frames = []
            self._bytes = len(self._rest)

    def discard(self) -> None:
        """The socket is broken: forget everything."""
        self.closed = True
        self._frames = []
        self._rest = b""
        self._bytes = 0

    async def write_through(self, data: bytes) -> None:
        """Queue the transport's own bytes (pong, close) behind everything, closed or not; wait until written."""
        self._frames.append(data)
        self._bytes += len(data)
        self.flush()
        while self._writing:
            if self._drained is None or self._drained.is_set():
                self._drained = trio.Event()
            await self._drained.wait()

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    @property
    def waiting_messages(self) -> int:
        return len(self._frames)
