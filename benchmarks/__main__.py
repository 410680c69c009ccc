"""`python -m benchmarks [scenario …]`: runs scenarios and prints tables; README.md says what they mean."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import attrs

from benchmarks.process import ServerFailedError, choose_cores
from benchmarks.report import as_json, markdown
from benchmarks.rounds import Plan, run_plan
from benchmarks.scenarios import SCENARIOS, SHORT, Pace
from benchmarks.swarm import LostDeliveriesError
from benchmarks.systems import SYSTEMS, SystemMissingError, other_checkout
from benchmarks.wire import WireError

RESULTS = Path(__file__).resolve().parent / "results"


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The command line; wrong names exit with 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"of: {', '.join(SCENARIOS)} (all)")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="comma separated (default: %(default)s)")
    parser.add_argument("--against", type=Path, help="another checkout of this repository, run as one more system")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each system (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a window (default: %(default)s)")
    parser.add_argument(
        "--settle", type=float, default=3.0, help="rest before memory is read, s (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=0, help="port of the servers (default: a free one)")
    parser.add_argument("--short", action="store_true", help="one short round: does it run, are the figures plausible")
    parser.add_argument("--write", action="store_true", help="keep the tables and the samples in benchmarks/results")
    options = parser.parse_args(arguments)
    for name in options.scenarios:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    for name in options.systems.split(","):
        if name not in SYSTEMS:
            parser.error(f"no system {name!r}; there are {', '.join(SYSTEMS)}")
    return options


def plan_from(options: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    systems = [SYSTEMS[name] for name in options.systems.split(",")]
    if options.against:
        systems.append(other_checkout(options.against.resolve()))
    return Plan(
        systems=systems,
        scenarios=[SCENARIOS[name] for name in options.scenarios or SCENARIOS],
        rounds=1 if options.short else options.rounds,
        pace=SHORT if options.short else attrs.evolve(Pace(), window_s=options.seconds, settle_s=options.settle),
        cores=choose_cores(),
        port=options.port,
    )


def main(arguments: list[str]) -> int:
    """Runs; 1 when a figure cannot be trusted (lost deliveries, a dead server) or a system is missing."""
    options = parse_arguments(arguments)
    plan = plan_from(options)
    try:
        samples = run_plan(plan, tell=lambda line: print(line, file=sys.stderr, flush=True))
    except (LostDeliveriesError, ServerFailedError, SystemMissingError, WireError, OSError) as error:
        print(
            f"failed: {type(error).__name__}: {error}",
            *getattr(error, "__notes__", ()),
            sep="\n",
            file=sys.stderr,
        )
        return 1
    table = markdown(plan, samples)
    print(table)
    if options.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "latest.md").write_text(table)
        (RESULTS / "latest.json").write_text(json.dumps(as_json(plan, samples), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
