"""For the test suite: a short run that shows that the harness works. It says nothing about speed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.process import choose_cores
from benchmarks.rounds import Plan, Sample, run_plan
from benchmarks.scenarios import SCENARIOS, SHORT
from benchmarks.systems import SYSTEMS

MAX_CPU_US = 5000.0
MAX_KIB = 200.0


def run_smoke(system_names: Sequence[str] = ("trio_signal",)) -> list[Sample]:
    """Runs every scenario once, shortly, on those systems, and returns the samples (about 3 s each).

    A server that fails or a delivery that is lost raises, and so do figures that cannot be.
    """
    systems = [SYSTEMS[name] for name in system_names]
    plan = Plan(systems, list(SCENARIOS.values()), rounds=1, pace=SHORT, cores=choose_cores())
    samples = run_plan(plan, tell=print)
    for sample in samples:
        check_plausible(sample)
    return samples


def check_plausible(sample: Sample) -> None:
    """Raises AssertionError for a figure outside what any machine would give."""
    figures = sample.figures
    assert figures.operations > 0, sample
    if figures.kib_per_connection is not None:
        assert 0 < figures.kib_per_connection < MAX_KIB, sample
    else:
        assert figures.cpu_us is not None, sample
        assert 0 < figures.cpu_us < MAX_CPU_US, sample
