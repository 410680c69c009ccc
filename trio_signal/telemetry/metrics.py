"""Metrics: plain integers on the hot path, made into Prometheus families when scraped.

Every metric name of the project stands in this file.
"""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator

import attrs
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

DURATION_BUCKETS_S = (1, 5, 15, 30, 60, 300, 600, 1800, 3600)


@attrs.define
class Counts:
    """What has happened on this node since it started. Owned by the node, added to by plain assignment."""

    rooms_created: int = 0
    joins: int = 0
    messages_received: int = 0
    bytes_received: int = 0
    deliveries: int = 0
    slow_consumers: int = 0
    connections: int = 0
    connection_seconds: float = 0.0
    messages: Tally[str] = attrs.Factory(Tally)
    closes: Tally[int] = attrs.Factory(Tally)
    errors: Tally[str] = attrs.Factory(Tally)
    refused_upgrades: Tally[str] = attrs.Factory(Tally)
    _durations: list[int] = attrs.Factory(lambda: [0] * (len(DURATION_BUCKETS_S) + 1))

    def connection_ended(self, duration_s: float, code: int) -> None:
        self.connection_seconds += duration_s
        self._durations[bisect_left(DURATION_BUCKETS_S, duration_s)] += 1
        self.closes[code] += 1

    def duration_buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as Prometheus wants them."""
        total, buckets = 0, []
        for bound, count in zip([*map(str, map(float, DURATION_BUCKETS_S)), "+Inf"], self._durations, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets


@attrs.define
class Gauges:
    """What can be asked at any moment; the owners of the figures put their question here."""

    active_connections: Callable[[], int] = lambda: 0
    active_rooms: Callable[[], int] = lambda: 0
    joined_peers: Callable[[], int] = lambda: 0
    journal_entries: Callable[[], int] = lambda: 0
    draining: Callable[[], bool] = lambda: False


@attrs.define(eq=False)
class Metrics(Collector):
    """The node's metrics in one registry of its own."""

    counts: Counts = attrs.Factory(Counts)
    gauges: Gauges = attrs.Factory(Gauges)
    registry: CollectorRegistry = attrs.Factory(lambda: CollectorRegistry(auto_describe=False))

    def __attrs_post_init__(self) -> None:
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def exposition(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self.registry)

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from self._counters()
        durations = HistogramMetricFamily(
            "signaling_connection_duration_seconds", "How long WebSocket connections lasted, in seconds."
        )
        durations.add_metric([], self.counts.duration_buckets(), self.counts.connection_seconds)
        yield durations

    def _gauges(self) -> Iterator[Metric]:
        asked = self.gauges
        for name, meaning, value in (
            (
                "signaling_active_connections",
                "WebSocket connections of this node.",
                asked.active_connections(),
            ),
            ("signaling_active_rooms", "Rooms with at least one peer.", asked.active_rooms()),
            ("signaling_joined_peers", "Peers of this node that are in a room.", asked.joined_peers()),
            ("signaling_journal_entries", "Rows waiting to be written.", asked.journal_entries()),
            ("signaling_draining", "1 while the node is draining.", int(asked.draining())),
        ):
            yield GaugeMetricFamily(name, meaning, value)

    def _counters(self) -> Iterator[Metric]:
        counts = self.counts
        for name, meaning, value in (
            ("signaling_rooms_created", "Rooms created.", counts.rooms_created),
            ("signaling_joins", "Rooms entered, by create-room or join-room.", counts.joins),
            ("signaling_connections", "WebSocket connections accepted.", counts.connections),
            ("signaling_received_bytes", "Bytes of messages received.", counts.bytes_received),
            ("signaling_received_messages", "Messages received.", counts.messages_received),
            ("signaling_deliveries", "Relayed messages put into peers' outbound queues.", counts.deliveries),
            ("signaling_slow_consumers", "Peers closed because they did not read.", counts.slow_consumers),
        ):
            yield CounterMetricFamily(name, meaning, value)
        labelled: tuple[tuple[str, str, str, Tally[str] | Tally[int]], ...] = (
            ("signaling_messages", "Relayed messages, by type.", "type", counts.messages),
            ("signaling_disconnects", "Connections ended, by close code.", "code", counts.closes),
            ("signaling_errors", "Requests refused, by error code.", "code", counts.errors),
            ("signaling_refused_upgrades", "Upgrades refused, by error code.", "code", counts.refused_upgrades),
        )  # fmt: skip
        for name, meaning, label, tally in labelled:
            family = CounterMetricFamily(name, meaning, labels=[label])
            for key, count in tally.items():
                family.add_metric([str(key)], count)
            yield family
