"""The scenarios: what is set up, what counts as one operation, and what is read off the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from benchmarks.client import Client, open_rooms
from benchmarks.load import Broadcast, Paced, PingPong
from benchmarks.process import ServerProcess
from benchmarks.swarm import Swarm, learn_frame_size
from benchmarks.wire import Message, text_frame

CANDIDATE = {
    "candidate": "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.1 rport 4615",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
}
CHAT = {"text": "x" * 150}


@attrs.frozen
class Pace:
    """How long and how large: `in_flight` messages each way in a relay pair, `idle_connections` in memory."""

    warm_up_s: float = 1.0
    window_s: float = 3.0
    idle_connections: int = 2000
    settle_s: float = 3.0
    in_flight: int = 2


SHORT = Pace(warm_up_s=0.3, window_s=0.5, idle_connections=200, settle_s=0.5)


@attrs.frozen
class Figures:
    """What one run of one scenario on one system gave; None where the scenario does not measure it."""

    operations: int
    cpu_us: float | None = None
    per_second: float | None = None
    server_share: float | None = None
    load_share: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    kib_per_connection: float | None = None

    def summary(self) -> str:
        """What was measured, in one line."""
        known = {name: value for name, value in attrs.asdict(self).items() if value is not None}
        return ", ".join(f"{name} {value:,.4g}" for name, value in known.items())


@attrs.frozen
class Scenario:
    """A scenario, the unit of its cost, and its aim: CPU over Node's, or KiB. A quiet one runs once."""

    name: str
    title: str
    unit: str
    measure: Callable[[ServerProcess, Pace, bool], Figures]
    aim_ratio: float | None = None
    aim_kib: float | None = None
    is_closed_loop: bool = False
    is_noisy: bool = True

    def figure(self, figures: Figures) -> float:
        """What the scenario is about: CPU µs per operation, or KiB per connection."""
        value = figures.cpu_us if figures.kib_per_connection is None else figures.kib_per_connection
        assert value is not None
        return value


class Play(Protocol):
    """A load loop: plays for some seconds and returns the operations done within."""

    def run(self, seconds: float) -> int:
        """Plays."""


def _watch(server: ServerProcess, play: Play, pace: Pace) -> Figures:
    """The window between two readings of the clocks."""
    cpu, load, wall = server.cpu_ns(), time.process_time_ns(), time.monotonic_ns()
    operations = play.run(pace.window_s)
    wall = time.monotonic_ns() - wall
    cpu, load = server.cpu_ns() - cpu, time.process_time_ns() - load
    return Figures(
        operations=operations,
        cpu_us=cpu / operations / 1e3,
        per_second=operations / wall * 1e9,
        server_share=cpu / wall,
        load_share=load / wall,
    )


def _close(clients: Sequence[Client]) -> None:
    for client in clients:
        client.close()


# ---- relay: 25 rooms of 2, directed messages ---------------------------------------------------------------


def _candidate_to(client: Client) -> bytes:
    return text_frame({"type": "ice-candidate", "to": client.peer_id, "candidate": CANDIDATE})


def _candidate_from(client: Client) -> Message:
    return {"type": "ice-candidate", "from": client.peer_id, "candidate": CANDIDATE}


def _learn_pairs(pairs: Sequence[Sequence[Client]]) -> list[int]:
    """The frame size of each client's partner's candidates (bytes), each checked on one real message."""
    sizes = []
    for one, two in pairs:
        sizes.append(learn_frame_size(two, _candidate_to(one), _candidate_from(two), [one]))
        sizes.append(learn_frame_size(one, _candidate_to(two), _candidate_from(one), [two]))
    return sizes


def _partners_frames(pairs: Sequence[Sequence[Client]]) -> list[bytes]:
    return [_candidate_to(other) for one, two in pairs for other in (two, one)]


def measure_relay(server: ServerProcess, pace: Pace, _: bool) -> Figures:
    """25 rooms of 2; an ICE candidate (about 200 bytes, `to`, no `id`) is answered by another at once."""
    pairs = open_rooms(server.port, rooms=25, members=2)
    sizes = _learn_pairs(pairs)
    swarm = Swarm([client for pair in pairs for client in pair])
    play = PingPong(swarm, _partners_frames(pairs), sizes, pace.in_flight)
    play.start()
    play.run(pace.warm_up_s)
    figures = _watch(server, play, pace)
    play.finish()
    swarm.let_go()
    _learn_pairs(pairs)
    _close(swarm.clients)
    return figures


def measure_paced(server: ServerProcess, pace: Pace, _: bool) -> Figures:
    """The same pairs, 500 messages a second in all, open loop: what one costs a server that mostly rests.

    The warm-up is that of the closed loop: 500 a second would leave a just-in-time compiler cold.
    """
    pairs = open_rooms(server.port, rooms=25, members=2)
    sizes = _learn_pairs(pairs)
    swarm = Swarm([client for pair in pairs for client in pair])
    warm_up = PingPong(swarm, _partners_frames(pairs), sizes, pace.in_flight)
    warm_up.start()
    warm_up.run(pace.warm_up_s)
    warm_up.finish()
    play = Paced(swarm, _partners_frames(pairs), sizes, per_second=500)
    figures = _watch(server, play, pace)
    swarm.let_go()
    _learn_pairs(pairs)
    _close(swarm.clients)
    latencies_ms = sorted(latency * 1e3 for latency in play.latencies_s[-figures.operations :])
    return attrs.evolve(
        figures,
        p50_ms=latencies_ms[len(latencies_ms) // 2],
        p99_ms=latencies_ms[int(len(latencies_ms) * 0.99)],
    )


# ---- fan-out: a room of 100 --------------------------------------------------------------------------------


def _learn_room(room: Sequence[Client], senders: int) -> int:
    """The frame size of the room's chat messages (bytes), each sender's checked on one real message."""
    sizes = set()
    for sender in room[: max(senders, 2)]:  # two at least, so that everyone has received
        wanted = {"type": "message", "from": sender.peer_id, "data": CHAT}
        others = [client for client in room if client is not sender]
        sizes.add(learn_frame_size(sender, text_frame({"type": "message", "data": CHAT}), wanted, others))
    if len(sizes) != 1:
        raise ValueError(f"senders' messages differ in size: {sizes}")
    return sizes.pop()


def _measure_fan_out(server: ServerProcess, pace: Pace, senders: int) -> Figures:
    (room,) = open_rooms(server.port, rooms=1, members=100)
    size = _learn_room(room, senders)
    frames = [text_frame({"type": "message", "data": CHAT}) for _ in range(senders)]
    swarm = Swarm(room)
    play = Broadcast(swarm, frames, size, window=2)
    play.run(pace.warm_up_s)
    figures = _watch(server, play, pace)
    play.finish()
    swarm.let_go()
    _learn_room(room, senders)
    _close(room)
    return figures


def measure_fan_out_one(server: ServerProcess, pace: Pace, _: bool) -> Figures:
    """A room of 100, one sender: chat of 150 characters without `to`, 99 deliveries each."""
    return _measure_fan_out(server, pace, senders=1)


def measure_fan_out_eight(server: ServerProcess, pace: Pace, _: bool) -> Figures:
    """The same room, eight senders, each with one message in a batch."""
    return _measure_fan_out(server, pace, senders=8)


# ---- memory: idle connections in rooms of 10 ---------------------------------------------------------------


def _settled_bytes(server: ServerProcess, clients: Sequence[Client], settle_s: float, collect: bool) -> int:
    """USS after the joins' events are read and the server has had its rest (bytes)."""
    rested = time.monotonic() + settle_s
    while time.monotonic() < rested:
        for client in clients:
            client.pass_over_waiting()
        time.sleep(min(0.5, settle_s))
    if collect:
        server.collect_garbage()
        time.sleep(0.5)
    return server.unique_bytes()


def measure_memory(server: ServerProcess, pace: Pace, collect: bool) -> Figures:
    """Connections that joined a room of 10 and say nothing; the first 20 are in both readings."""
    early = [client for room in open_rooms(server.port, rooms=2, members=10) for client in room]
    before = _settled_bytes(server, early, pace.settle_s, collect)
    rooms = open_rooms(server.port, rooms=pace.idle_connections // 10, members=10, first_user=1000)
    late = [client for room in rooms for client in room]
    after = _settled_bytes(server, [*early, *late], pace.settle_s, collect)
    _close([*early, *late])
    return Figures(operations=len(late), kib_per_connection=(after - before) / 1024 / len(late))


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("relay", "relay, closed loop", "µs/message", measure_relay, 0.8, is_closed_loop=True),
        Scenario("relay-paced", "relay, 500 messages/s", "µs/message", measure_paced),
        Scenario(
            "fan-out-1",
            "room of 100, one sender",
            "µs/delivery",
            measure_fan_out_one,
            0.8,
            is_closed_loop=True,
        ),
        Scenario(
            "fan-out-8",
            "room of 100, eight senders",
            "µs/delivery",
            measure_fan_out_eight,
            0.3,
            is_closed_loop=True,
        ),
        Scenario("memory", "idle joined connections", "KiB/connection", measure_memory, aim_kib=28, is_noisy=False),
    )
}
