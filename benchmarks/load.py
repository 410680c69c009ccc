"""The load loops: ping-pong in pairs, batches in a room, messages at fixed times; frames are made before."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import attrs

from benchmarks.client import Client
from benchmarks.swarm import LOSS_TIMEOUT_S, LostDeliveriesError, Swarm, send_whole


@attrs.define(eq=False)
class PingPong:
    """Pairs; every delivery is answered at once by a message the other way. `window` in flight each way."""

    swarm: Swarm
    frames: Sequence[bytes]
    sizes: Sequence[int]
    window: int
    delivered: int = 0
    _turns: list[tuple[Client, int, tuple[bytes, ...]] | None] = attrs.field(init=False)
    _parts: list[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        slots = len(self.swarm.received)
        self._turns = [None] * slots
        self._parts = [0] * slots
        most = 2 * self.window + 1
        for client, frame, size in zip(self.swarm.clients, self.frames, self.sizes, strict=True):
            self._turns[client.sock.fileno()] = (client, size, tuple(frame * count for count in range(most)))

    def start(self) -> None:
        """Puts the windows in flight."""
        for client, frame in zip(self.swarm.clients, self.frames, strict=True):
            send_whole(client, frame * self.window)

    def run(self, seconds: float) -> int:
        """Plays for that long; returns the deliveries within."""
        clock, poll, wait_ready = time.monotonic, self.swarm.epoll.poll, self.swarm.wait_ready
        receivers, received, buffer = self.swarm.receivers, self.swarm.received, self.swarm.buffer
        turns, parts = self._turns, self._parts
        delivered = 0
        quiet_at = clock() + LOSS_TIMEOUT_S
        until = clock() + seconds
        while (now := clock()) < until:
            ready = poll(0) or wait_ready(0.05)
            if ready:
                quiet_at = now + LOSS_TIMEOUT_S
            elif now > quiet_at:
                raise LostDeliveriesError("nothing arrives any more")
            for fd, _ in ready:
                count = receivers[fd](buffer)
                turn = turns[fd]
                if not count or turn is None:
                    raise LostDeliveriesError("the server closed a connection under load")
                received[fd] += count
                frames, parts[fd] = divmod(parts[fd] + count, turn[1])
                if frames:
                    delivered += frames
                    send_whole(turn[0], turn[2][frames])
        self.delivered += delivered
        return delivered

    def finish(self) -> None:
        """Lets everything in flight arrive and checks each connection's count to the byte."""
        sent = [
            self.window + self.swarm.received_by(client) // size
            for client, size in zip(self.swarm.clients, self.sizes, strict=True)
        ]
        # Clients stand in pairs: what 2k has sent, 2k + 1 gets, and the other way round.
        self.swarm.read_until([sent[index ^ 1] * size for index, size in enumerate(self.sizes)])


@attrs.define(eq=False)
class Broadcast:
    """One room; the first clients, one per frame, each send one message a batch, and all others get it.

    `window` batches are under way: the next one is sent when all deliveries of the oldest have arrived.
    """

    swarm: Swarm
    frames: Sequence[bytes]
    size: int
    window: int
    _batches: int = 0
    _bytes: int = 0

    @property
    def batch_deliveries(self) -> int:
        """Deliveries one batch makes."""
        return len(self.frames) * (len(self.swarm.clients) - 1)

    def run(self, seconds: float) -> int:
        """Talks for that long; returns the deliveries within (whole and part batches, by bytes)."""
        batch_bytes = self.batch_deliveries * self.size
        before = self._bytes
        quiet_at = time.monotonic() + LOSS_TIMEOUT_S
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            while self._batches - self._bytes // batch_bytes < self.window:
                self._send_batch()
            count = self.swarm.read_ready(0.05)
            self._bytes += count
            if count:
                quiet_at = now + LOSS_TIMEOUT_S
            elif now > quiet_at:
                raise LostDeliveriesError("nothing arrives any more")
        return (self._bytes - before) // self.size

    def _send_batch(self) -> None:
        for client, frame in zip(self.swarm.clients, self.frames, strict=False):
            send_whole(client, frame)
        self._batches += 1

    def finish(self) -> None:
        """Lets all in flight arrive and checks each connection's count to the byte; senders miss theirs."""
        talking = len(self.frames)
        own = [talking - 1] * talking + [talking] * (len(self.swarm.clients) - talking)
        self.swarm.read_until([self._batches * share * self.size for share in own])


@attrs.define(eq=False)
class Paced:
    """Messages at fixed times, whatever has arrived (open loop); latency counts from when one was due."""

    swarm: Swarm
    frames: Sequence[bytes]
    sizes: Sequence[int]
    per_second: float
    latencies_s: list[float] = attrs.field(factory=list)
    _sent: int = 0
    _parts: list[int] = attrs.field(init=False)
    _due: list[deque[float]] = attrs.field(init=False)
    _slots: dict[int, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        count = len(self.swarm.clients)
        self._parts = [0] * count
        self._due = [deque() for _ in range(count)]
        self._slots = {client.sock.fileno(): slot for slot, client in enumerate(self.swarm.clients)}

    def run(self, seconds: float) -> int:
        """Sends for that long, polling without sleep so that times are exact; returns the messages sent."""
        clock = time.monotonic
        start = clock()
        planned = int(seconds * self.per_second)
        for number in range(planned):
            due = start + number / self.per_second
            while clock() < due:
                self._receive(0)
            slot = self._sent % len(self.frames)
            self._due[slot ^ 1].append(due)
            send_whole(self.swarm.clients[slot], self.frames[slot])
            self._sent += 1
        deadline = clock() + LOSS_TIMEOUT_S
        while any(self._due):
            self._receive(0.01)
            if clock() > deadline:
                raise LostDeliveriesError(f"{sum(map(len, self._due))} messages never arrived")
        return planned

    def _receive(self, wait_s: float) -> None:
        for fd, _ in self.swarm.epoll.poll(wait_s):
            count = self.swarm.receivers[fd](self.swarm.buffer)
            now = time.monotonic()
            if not count:
                raise LostDeliveriesError("the server closed a connection under load")
            self.swarm.received[fd] += count
            slot = self._slots[fd]
            frames, self._parts[slot] = divmod(self._parts[slot] + count, self.sizes[slot])
            for _ in range(frames):
                if not self._due[slot]:
                    raise LostDeliveriesError("more messages arrived than were sent")
                self.latencies_s.append(now - self._due[slot].popleft())
