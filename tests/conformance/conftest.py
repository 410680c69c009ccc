"""The echo server as a process, and Autobahn's figures at the end of the test run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.server import ROOT

STOP_S = 10

figures: list[str] = []


@contextmanager
def echoing(folder: Path, *certificate: Path) -> Iterator[int]:
    """An echo server's port; at the end it must not have complained of anything."""
    errors = folder / "stderr.txt"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.echo_server", folder / "data", *certificate],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        with process:
            assert process.stdout is not None
            try:
                port = process.stdout.readline().strip()  # the end of the process ends this wait
                assert port.isdigit(), errors.read_text()
                yield int(port)
                assert process.poll() is None, f"the echo server ended with {process.returncode}"
            finally:
                process.kill()
                process.wait(STOP_S)
    said = errors.read_text(errors="replace")
    assert not said, f"the echo server complained:\n{said[-6000:]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each run of Autobahn."""
    for line in figures:
        terminalreporter.write_line(f"Autobahn {line}")
