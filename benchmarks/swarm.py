"""The load's connections: one epoll, non-blocking sockets, deliveries counted by bytes.

All frames one receiver gets in a scenario have the same size (checked on real messages before and after),
so a count of bytes is a count of frames and needs no parser. What is lost, doubled or of another size raises.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence

import attrs

from benchmarks.client import STEP_TIMEOUT_S, Client
from benchmarks.wire import Message

LOSS_TIMEOUT_S = 5.0
CHUNK_BYTES = 1 << 18
SPIN_S = 0.001


class LostDeliveriesError(Exception):
    """Deliveries are missing, too many, or not what was sent."""


@attrs.define(eq=False)
class Swarm:
    """Connected clients under one epoll. `received` counts bytes since the start, by file descriptor."""

    clients: Sequence[Client]
    epoll: select.epoll = attrs.field(factory=select.epoll)
    buffer: bytearray = attrs.field(factory=lambda: bytearray(CHUNK_BYTES))
    received: list[int] = attrs.field(init=False)
    receivers: list[Callable[[bytearray], int]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        size = max(client.sock.fileno() for client in self.clients) + 1
        self.received = [0] * size
        self.receivers = [_not_ours] * size
        for client in self.clients:
            if not client.reader.is_empty:
                raise LostDeliveriesError("something was waiting before the start")
            client.sock.setblocking(False)
            self.receivers[client.sock.fileno()] = client.sock.recv_into
            self.epoll.register(client.sock.fileno(), select.EPOLLIN)

    def wait_ready(self, wait_s: float) -> list[tuple[int, int]]:
        """What is ready to read; looks again and again for 1 ms (`SPIN_S`) before it sleeps.

        A server that sends to a sleeping process pays for waking it (5 µs on a virtual machine), which no
        server pays for clients on other machines.
        """
        poll, clock = self.epoll.poll, time.monotonic
        until = clock() + SPIN_S
        while clock() < until:
            if ready := poll(0):
                return ready
        return poll(wait_s)

    def read_ready(self, wait_s: float) -> int:
        """Reads every ready socket once; returns the bytes that came."""
        total = 0
        received, receivers, buffer = self.received, self.receivers, self.buffer
        for fd, _ in self.wait_ready(wait_s):
            count = receivers[fd](buffer)
            if not count:
                raise LostDeliveriesError("the server closed a connection under load")
            received[fd] += count
            total += count
        return total

    def read_until(self, expected: Sequence[int]) -> None:
        """Reads until every client has its `expected` bytes (in the clients' order), and not one more."""
        deadline = time.monotonic() + LOSS_TIMEOUT_S
        while self.short_of(expected):
            if time.monotonic() > deadline:
                raise LostDeliveriesError(f"{self.short_of(expected)} bytes missing after {LOSS_TIMEOUT_S:.0f} s")
            self.read_ready(0.05)
        extra = self.read_ready(0.02)
        if extra or any(self.received_by(client) != want for client, want in zip(self.clients, expected, strict=True)):
            raise LostDeliveriesError("more bytes than deliveries")

    def received_by(self, client: Client) -> int:
        """Bytes that client has received so far."""
        return self.received[client.sock.fileno()]

    def short_of(self, expected: Sequence[int]) -> int:
        """Bytes still to come, over all clients."""
        return sum(max(0, want - self.received_by(client)) for client, want in zip(self.clients, expected, strict=True))

    def let_go(self) -> None:
        """Gives the clients back to blocking use."""
        self.epoll.close()
        for client in self.clients:
            client.sock.settimeout(STEP_TIMEOUT_S)


def _not_ours(_: bytearray) -> int:
    raise AssertionError("a file descriptor that was never registered")


def send_whole(client: Client, data: bytes) -> None:
    """Sends without waiting; what does not fit at once would mean a window far larger than meant."""
    if client.sock.send(data) != len(data):
        raise LostDeliveriesError("a send was cut short: the server does not read")


def learn_frame_size(sender: Client, frame: bytes, wanted: Message, receivers: Sequence[Client]) -> int:
    """Sends one frame on blocking sockets, checks that each receiver gets `wanted`; its size (bytes)."""
    sender.sock.sendall(frame)
    sizes = set()
    for receiver in receivers:
        message, size = receiver.next_message()
        while message["type"] == "user-joined":
            message, size = receiver.next_message()
        if message != wanted:
            raise LostDeliveriesError(f"got {message}, not {wanted}")
        sizes.add(size)
    if len(sizes) != 1:
        raise LostDeliveriesError(f"one message arrived in frames of several sizes: {sizes}")
    return sizes.pop()
