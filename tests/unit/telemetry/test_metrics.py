"""The Prometheus text, read by Prometheus's own parser."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from trio_signal.telemetry.metrics import DURATION_BUCKETS_S, Counts, Gauges, Metrics


def families(metrics: Metrics) -> dict[str, Metric]:
    """What is exposed, by name."""
    return {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}


def samples(metrics: Metrics, family: str) -> dict[tuple[str, ...], float]:
    """A family's samples, by name and label values."""
    found = families(metrics)[family].samples
    return {(sample.name, *sample.labels.values()): sample.value for sample in found}


def test_what_operators_rely_on_is_there_from_the_start() -> None:
    """PROTOCOL.md section 8: names and kinds; a counter that has counted nothing says 0."""
    exposed = families(Metrics())
    assert exposed["signaling_active_connections"].type == "gauge"
    assert exposed["signaling_active_rooms"].type == "gauge"
    assert exposed["signaling_rooms_created"].type == "counter"
    assert exposed["signaling_connection_duration_seconds"].type == "histogram"
    assert samples(Metrics(), "signaling_rooms_created") == {("signaling_rooms_created_total",): 0}


def test_the_buckets_are_those_of_the_contract() -> None:
    """From a second to an hour."""
    assert DURATION_BUCKETS_S == (1, 5, 15, 30, 60, 300, 600, 1800, 3600)
    found = families(Metrics())["signaling_connection_duration_seconds"].samples
    bounds = [float(sample.labels["le"]) for sample in found if sample.name.endswith("_bucket")]
    assert bounds == [*DURATION_BUCKETS_S, float("inf")]


@given(durations=st.lists(st.sampled_from([0.0, 1.0, 1.001, 5, 3600, 3601]) | st.floats(0, 5000)))
def test_durations_fall_into_their_buckets(durations: list[float]) -> None:
    """Cumulative: each bucket counts what lasted at most so long."""
    metrics = Metrics(Counts())
    for duration in durations:
        metrics.counts.connection_ended(duration, 1000)
    name = "signaling_connection_duration_seconds"
    found = samples(metrics, name)
    for bound in (*DURATION_BUCKETS_S, float("inf")):
        label = "+Inf" if bound == float("inf") else str(float(bound))
        assert found[f"{name}_bucket", label] == sum(duration <= bound for duration in durations)
    assert found[f"{name}_count",] == len(durations)
    assert found[f"{name}_sum",] == pytest.approx(sum(durations))


def test_gauges_are_asked_when_scraped() -> None:
    """Not when something changes."""
    people = [1]
    metrics = Metrics(gauges=Gauges(active_connections=lambda: len(people), draining=lambda: len(people) > 1))
    people.append(2)
    assert samples(metrics, "signaling_active_connections") == {("signaling_active_connections",): 2}
    assert samples(metrics, "signaling_draining") == {("signaling_draining",): 1}


def test_counters_say_what_was_counted() -> None:
    """With and without labels."""
    metrics = Metrics()
    counts = metrics.counts
    counts.rooms_created = 3
    counts.messages["offer"] += 2
    counts.errors["ROOM_FULL"] += 1
    counts.connection_ended(2.0, 4001)
    assert samples(metrics, "signaling_rooms_created") == {("signaling_rooms_created_total",): 3}
    assert samples(metrics, "signaling_messages") == {("signaling_messages_total", "offer"): 2}
    assert samples(metrics, "signaling_errors") == {("signaling_errors_total", "ROOM_FULL"): 1}
    assert samples(metrics, "signaling_disconnects") == {("signaling_disconnects_total", "4001"): 1}


def ours(metrics: Metrics) -> Iterator[Metric]:
    """The families of this project."""
    return (family for name, family in families(metrics).items() if name.startswith("signaling_"))


def test_each_metric_says_what_it_is() -> None:
    """HELP and TYPE."""
    for family in ours(Metrics()):
        assert family.documentation.endswith(".")
        assert family.type in {"gauge", "counter", "histogram"}


def test_two_nodes_in_one_process_have_registries_of_their_own() -> None:
    """Or the second could not start."""
    first, second = Metrics(), Metrics()
    first.counts.joins = 1
    assert samples(second, "signaling_joins") == {("signaling_joins_total",): 0}
