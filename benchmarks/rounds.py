"""Rounds: the systems take turns, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import attrs

from benchmarks.process import Cores
from benchmarks.scenarios import Figures, Pace, Scenario
from benchmarks.systems import System


@attrs.frozen
class Sample:
    """The figures of one run: one scenario, one system, one round, in a fresh server process."""

    scenario: str
    system: str
    round: int
    figures: Figures


@attrs.frozen
class Plan:
    """What is run: every scenario on every system, `rounds` times; `port` 0 takes free ones."""

    systems: Sequence[System]
    scenarios: Sequence[Scenario]
    rounds: int
    pace: Pace
    cores: Cores
    port: int = 0


def _in_turn(plan: Plan) -> Iterator[tuple[Scenario, int, System]]:
    """Systems alternate within a scenario; every other round goes the other way round."""
    for scenario in plan.scenarios:
        for number in range(plan.rounds if scenario.is_noisy else 1):
            yield from ((scenario, number, system) for system in plan.systems[:: -1 if number % 2 else 1])


def run_plan(plan: Plan, tell: Callable[[str], None]) -> list[Sample]:
    """Runs everything and returns the samples; a lost delivery or a failing server raises."""
    os.sched_setaffinity(0, {plan.cores.load})
    samples = []
    for scenario, number, system in _in_turn(plan):
        with system.run(plan.cores.server, plan.port) as server:
            figures = scenario.measure(server, plan.pace, system.collects_on_signal)
        samples.append(Sample(scenario.name, system.name, number, figures))
        tell(f"{scenario.name} round {number + 1} {system.name}: {figures.summary()}")
    return samples
