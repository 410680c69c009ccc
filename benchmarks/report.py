"""Samples in, a Markdown table and JSON out: medians, spread, and ratios taken within each round."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from benchmarks.rounds import Plan, Sample
from benchmarks.scenarios import Figures, Scenario
from benchmarks.systems import NODE_WS, OURS

SATURATED = 0.95


@attrs.frozen
class Spread:
    """Median, least and most of some values."""

    median: float
    least: float
    most: float

    def show(self, digits: int) -> str:
        """`median (least–most)`; one value stands alone."""
        if self.least == self.most:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}–{self.most:.{digits}f})"


def spread_of(values: Iterable[float | None]) -> Spread | None:
    """The spread of what was measured, None if nothing was."""
    known = [value for value in values if value is not None]
    return Spread(statistics.median(known), min(known), max(known)) if known else None


def _figures(samples: Sequence[Sample], scenario: Scenario, system: str) -> list[Figures]:
    found = [sample for sample in samples if sample.scenario == scenario.name and sample.system == system]
    return [sample.figures for sample in sorted(found, key=lambda sample: sample.round)]


def ratio_of(samples: Sequence[Sample], scenario: Scenario, one: str, other: str) -> Spread | None:
    """`one` over `other` in what the scenario is about, taken round by round."""
    pairs = zip(_figures(samples, scenario, one), _figures(samples, scenario, other), strict=False)
    return spread_of(scenario.figure(a) / scenario.figure(b) for a, b in pairs)


def _cell(values: Iterable[float | None], digits: int, scale: float = 1.0) -> str:
    spread = spread_of(None if value is None else value * scale for value in values)
    return spread.show(digits) if spread else ""


def _row(samples: Sequence[Sample], scenario: Scenario, name: str, title: str) -> str | None:
    figures = _figures(samples, scenario, name)
    if not figures:
        return None
    cells = [
        scenario.title,
        title,
        f"{_cell((scenario.figure(one) for one in figures), 2)} {scenario.unit}",
        _cell((one.per_second for one in figures), 1, 1e-3),
        _cell((one.server_share for one in figures), 0, 100),
        _cell((one.p50_ms for one in figures), 2),
        _cell((one.p99_ms for one in figures), 2),
        _cell([_ratio_to_node(samples, scenario, name)], 2),
    ]
    return "| " + " | ".join(cells) + " |"


def _ratio_to_node(samples: Sequence[Sample], scenario: Scenario, name: str) -> float | None:
    ratio = ratio_of(samples, scenario, name, NODE_WS.name)
    return ratio.median if ratio else None


def _aim_row(samples: Sequence[Sample], scenario: Scenario) -> str | None:
    ratio = ratio_of(samples, scenario, OURS.name, NODE_WS.name)
    kib = spread_of(one.kib_per_connection for one in _figures(samples, scenario, OURS.name))
    if scenario.aim_ratio is not None and ratio is not None:
        aim, reached, is_met = (
            f"≤ {scenario.aim_ratio} × Node `ws`",
            ratio.show(2),
            ratio.median <= scenario.aim_ratio,
        )
    elif scenario.aim_kib is not None and kib is not None:
        aim, reached, is_met = f"≤ {scenario.aim_kib:.0f} KiB", kib.show(1), kib.median <= scenario.aim_kib
    else:
        return None
    return f"| {scenario.title} | {aim} | {reached} | {'yes' if is_met else 'no'} |"


def _saturation(plan: Plan, samples: Sequence[Sample]) -> str:
    """Whether the server's core was busy in the closed loops: if not, the load was slow or the machine crowded."""
    closed = {scenario.name for scenario in plan.scenarios if scenario.is_closed_loop}
    shares = [sample.figures.server_share or 0.0 for sample in samples if sample.scenario in closed]
    idle = [share for share in shares if share < SATURATED]
    if not idle:
        return f"Every closed-loop run kept the server's core at least {SATURATED:.0%} busy."
    return (
        f"In {len(idle)} of {len(shares)} closed-loop runs the server had less than {SATURATED:.0%} of its core "
        f"(the least: {min(idle):.0%}). Rates mean nothing there; see the README for what may."
    )


def markdown(plan: Plan, samples: Sequence[Sample]) -> str:
    """Two tables: what each system used, and what was aimed at."""
    systems = [(system.name, system.title) for system in plan.systems]
    rows = [_row(samples, scenario, *system) for scenario in plan.scenarios for system in systems]
    aims = [_aim_row(samples, scenario) for scenario in plan.scenarios]
    cores = "one core for both" if plan.cores.are_shared else "server and load on a core each"
    legend = "Median (least–most) over the rounds; × Node: median of the rounds' ratios."
    lines = [
        f"{plan.rounds} rounds of {plan.pace.window_s:g} s; Python {platform.python_version()}; {cores}.",
        legend,
        "",
        "| scenario | system | cost | thousand/s | server core % | p50 ms | p99 ms | × Node |",
        "|---|---|---|---|---|---|---|---|",
        *filter(None, rows),
        "",
        _saturation(plan, samples),
        "",
        "| scenario | aim | reached | met |",
        "|---|---|---|---|",
        *filter(None, aims),
    ]
    return "\n".join(lines) + "\n"


def as_json(plan: Plan, samples: Sequence[Sample]) -> dict[str, Any]:
    """Every sample, with what was run."""
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "rounds": plan.rounds,
        "pace": attrs.asdict(plan.pace),
        "cores_shared": plan.cores.are_shared,
        "samples": [attrs.asdict(sample) for sample in samples],
    }
