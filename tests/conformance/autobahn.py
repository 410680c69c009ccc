"""Autobahn's fuzzingclient against a server of ours, and its verdicts as a report."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

AGENT = "trio-signal"
NOT_OFFERED = ("12.*", "13.*")
"""permessage-deflate, which is not offered."""
SLOWEST = ("9.3.1", "9.3.2", "9.4.1", "9.4.2", "9.5.1", "9.5.2", "9.6.1", "9.6.2", "9.7.3", "9.7.4", "9.7.5", "9.7.6",
           "9.8.3", "9.8.4", "9.8.5", "9.8.6")  # fmt: skip
"""Large messages in tiny pieces, and a thousand round trips in six sizes each for text and binary."""
BEHAVIOR = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
"""What passes. NON-STRICT depends on how bytes happen to be cut, so its cases differ from run to run."""
BEHAVIOR_AT_CLOSE = frozenset({"OK", "INFORMATIONAL"})
"""What passes of FAILED, WRONG CODE, UNCLEAN and FAILED BY CLIENT besides: nothing."""


@attrs.frozen
class Report:
    """What index.json said of every case, in the order of their numbers."""

    folder: Path
    cases: dict[str, dict[str, Any]]
    seconds: float

    @property
    def failed(self) -> list[str]:
        """The cases that did not pass."""
        return [
            number
            for number, case in self.cases.items()
            if case["behavior"] not in BEHAVIOR or case["behaviorClose"] not in BEHAVIOR_AT_CLOSE
        ]

    def summary(self) -> str:
        counts = Counter(case["behavior"] for case in self.cases.values())
        at_close = Counter(case["behaviorClose"] for case in self.cases.values())
        return (
            f"{len(self.cases)} cases in {self.seconds:.0f} s: {_counted(counts)}; at close: {_counted(at_close)}; "
            f"not passed: {', '.join(self.failed) or 'none'}"
        )

    def complaints(self) -> str:
        """What Autobahn expected and saw in each case that did not pass."""
        texts = []
        for number in self.failed:
            case = json.loads((self.folder / self.cases[number]["reportfile"]).read_text())
            told = {
                name: case.get(name) for name in ("behavior", "behaviorClose", "expectation", "result", "resultClose")
            }
            texts.append(f"{number}: {json.dumps(told, indent=1)}")
        return "\n".join(texts)


def run_fuzzingclient(wstest: Path, url: str, folder: Path, exclude: Sequence[str], limit_s: float) -> Report:
    """Run every case but those excluded. Raises AssertionError if there is no verdict within `limit_s`."""
    spec = {
        "outdir": str(folder / "report"),
        "servers": [{"agent": AGENT, "url": url}],
        "cases": ["*"],
        "exclude-cases": [*NOT_OFFERED, *exclude],
        "exclude-agent-cases": {},
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    log, began = folder / "wstest.log", time.monotonic()
    with log.open("wb") as output:
        command = [wstest, "-m", "fuzzingclient", "-s", folder / "spec.json"]
        subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=limit_s, check=False
        )
    index = folder / "report" / "index.json"
    assert index.is_file(), f"wstest ended without a report:\n{log.read_text(errors='replace')[-4000:]}"
    cases = json.loads(index.read_text())[AGENT]
    in_order = sorted(cases, key=lambda number: [int(part) for part in number.split(".")])
    return Report(index.parent, {number: cases[number] for number in in_order}, time.monotonic() - began)


def _counted(counts: "Counter[str]") -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
