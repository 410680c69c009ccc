"""THE lifecycle: services ⊃ doors ⊃ connections; signals; drain. Read this first.

    run
    └ store, journal, services (egress, timers, pump, chores)      leave last, in reverse order
      └ nursery doors: the accept loops                            cancelled when the connections have gone
        └ nursery connections                                      cut when the grace is over, once draining
          └ connection × N

Drain: readiness goes false and upgrades get 503 while HTTP is still answered; every WebSocket is told and closed with
1012; at the deadline what is left is cancelled; the doors close; the journal is flushed; the store is closed.
"""

import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from trio_signal.auth import TokenPolicy
from trio_signal.cluster.local import LocalCluster
from trio_signal.config import Config, sqlite_path
from trio_signal.domain.ids import new_node_id
from trio_signal.door.http.app import make_app, make_metrics_app
from trio_signal.door.http.serving import HttpServing
from trio_signal.door.listener import Door, open_listeners, tls_context
from trio_signal.door.pump import open_pump
from trio_signal.ice import IcePolicy
from trio_signal.protocol.events import IceServer
from trio_signal.session.chores import run_chores
from trio_signal.session.connection import RECONNECT_SPREAD_MS
from trio_signal.session.node import Limits, Node
from trio_signal.store.base import Store
from trio_signal.store.journal import Journal, open_journal
from trio_signal.store.sqlite import open_sqlite
from trio_signal.telemetry.logs import bind_node, get_logger
from trio_signal.telemetry.metrics import Metrics

FLUSH_S = 3.0
"""Time for the journal to write what is left at the end."""
HTTP_GRACE_S = 1.0
"""Time for HTTP answers under way once the last WebSocket has gone."""
TOLD_PER_SECOND = 2000
"""How fast peers are told of a drain, so that a full node neither stalls nor sends everybody away at one moment."""

log = get_logger()
Announce = Callable[[str], None]


async def run(config: Config, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal cuts the drain short.

    `announce` is called with the server's URL once it listens. Raises StoreBroken or CannotListen if it cannot start.
    """
    tls = tls_context(config.tls_cert, config.tls_key) if config.tls_cert and config.tls_key else None
    listeners = await open_listeners(config.host, config.port)
    metrics_listeners = await open_listeners(config.host, config.metrics_port) if config.metrics_port else []
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with (
            open_sqlite(sqlite_path(config), migrate=config.auto_migrate) as store,
            open_journal(store, timeout_s=config.store_timeout_s, flush_s=FLUSH_S) as journal,
            open_node(config, store, journal) as node,
            open_pump(node.egress) as pump,
            trio.open_nursery() as doors,
        ):
            public = Door(node, HttpServing(make_app(node), config), pump, tls)
            operators = Door(node, HttpServing(make_metrics_app(node), config), pump)
            async with trio.open_nursery() as connections:
                doors.start_soon(serve_door, public, listeners, connections)
                doors.start_soon(serve_door, operators, metrics_listeners, connections)
                node.ready = True
                announce(_url(config, listeners))
                await anext(signals)
                doors.start_soon(_cut_at_second_signal, signals, doors)
                await drain(node, [public, operators])
                doors.start_soon(_cut_http, [public, operators], doors)
                while connections.child_tasks:  # noqa: ASYNC110 - nothing else says that a nursery is empty
                    await trio.sleep(0.02)
                # Here, inside: an accept loop must not meet a nursery that is closed already.
                doors.cancel_scope.cancel()
    log.info("stopped")


async def serve_door(door: Door, listeners: list[trio.SocketListener], connections: trio.Nursery) -> None:
    """Accept for ever; each connection is a task of `connections`."""
    if listeners:
        await trio.serve_listeners(door.serve, listeners, handler_nursery=connections)


@asynccontextmanager
async def open_node(config: Config, store: Store, journal: Journal) -> AsyncIterator[Node]:
    """The node and the tasks that all connections share: they outlive every connection."""
    node = make_node(config, store, journal)
    bind_node(node.node_id)
    closed = await store.close_left_open()
    if closed:
        log.warning("rows left open by a crash have been closed", count=closed)
    for idle in await store.active_rooms():
        node.cluster.add_room(idle.info, idle.empty_since)
    async with trio.open_nursery() as services:
        tasks: list[Callable[[], Awaitable[None]]] = [node.egress.run, node.timers.run]
        for task in tasks:
            services.start_soon(task)
        services.start_soon(run_chores, node)
        yield node
        services.cancel_scope.cancel()


def make_node(config: Config, store: Store, journal: Journal, now: Callable[[], float] = time.time) -> Node:
    """A node of one: the in-memory cluster."""
    cluster, metrics = LocalCluster(now), Metrics()
    servers = tuple(_ice_server(dict(server)) for server in config.ice_servers)
    node = Node(
        node_id=new_node_id(),
        config=config,
        tokens=TokenPolicy(
            config.jwt_secret, config.jwt_algorithms, config.jwt_issuer or None, config.jwt_audience or None
        ),
        ice=IcePolicy(servers, config.turn_urls, config.turn_secret, config.turn_ttl_s),
        cluster=cluster,
        store=store,
        journal=journal,
        metrics=metrics,
        limits=Limits.from_config(config),
        now=now,
    )
    metrics.gauges = attrs.evolve(
        metrics.gauges,
        active_connections=lambda: len(node.connections),
        active_rooms=lambda: cluster.active_rooms,
        joined_peers=lambda: cluster.joined_peers,
        journal_entries=lambda: len(journal),
        draining=lambda: node.draining,
    )
    return node


def _ice_server(server: dict[str, str | list[str]]) -> IceServer:
    urls = server["urls"]
    texts = {name: str(server[name]) for name in ("username", "credential") if name in server}
    return IceServer([urls] if isinstance(urls, str) else urls, **texts)


def _url(config: Config, listeners: list[trio.SocketListener]) -> str:
    port = listeners[0].socket.getsockname()[1]
    host = "127.0.0.1" if config.host in {"0.0.0.0", "::", ""} else config.host  # noqa: S104 - compared, not bound
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if config.tls_cert else 'http'}://{host}:{port}/"


async def drain(node: Node, doors: list[Door]) -> None:
    """Send every peer away; returns when they have gone, at the deadline at the latest, and HTTP is told to end."""
    config = node.config
    log.info("draining", connections=len(node.connections), seconds=config.drain_s)
    node.ready, node.draining = False, True
    with trio.move_on_after(config.drain_s):
        await _tell_everyone(node, config.drain_s / 2)
        while node.connections:  # noqa: ASYNC110 - an event in every goodbye would cost more than this
            await trio.sleep(0.02)
    if node.connections:
        log.warning("cutting connections that did not end in time", connections=len(node.connections))
    for door in doors:
        await door.http.end_idle()


async def _tell_everyone(node: Node, within_s: float) -> None:
    """Spread over time: at most TOLD_PER_SECOND, but all of them within `within_s`."""
    everyone = list(node.connections)
    step_s = 0.05
    a_step = max(int(TOLD_PER_SECOND * step_s), int(len(everyone) * step_s / max(within_s, step_s)) + 1)
    for start in range(0, len(everyone), a_step):
        for connection in everyone[start : start + a_step]:
            connection.shut_down(RECONNECT_SPREAD_MS)
        await trio.sleep(step_s)


async def _cut_http(served: list[Door], doors: trio.Nursery) -> None:
    """The hard edge behind everything: what has not ended soon after the WebSockets is cancelled."""
    await trio.sleep(HTTP_GRACE_S)
    for door in served:
        door.http.abort()
    doors.cancel_scope.cancel()


async def _cut_at_second_signal(signals: AsyncIterator[int], doors: trio.Nursery) -> None:
    await anext(signals)
    log.warning("second signal: cutting")
    doors.cancel_scope.cancel()
