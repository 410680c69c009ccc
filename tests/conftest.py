"""Fixtures that start real server processes, and their output beside each failed test."""

import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.harness.server import Server, running, serving

SHOWN_CHARACTERS = 6000


class StartServer(Protocol):
    """Start a server that lives as long as the test."""

    def __call__(self, *, data_dir: Path | None = None, **env: str | None) -> Server: ...


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server without limits, shared by all tests that do not disturb each other."""
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers of the test's own, with its own environment."""
    with ExitStack() as stack:

        def start(*, data_dir: Path | None = None, **env: str | None) -> Server:
            return stack.enter_context(serving(tmp_path, data_dir=data_dir, **env))

        yield start


@pytest.fixture
def room_id() -> str:
    """A room id that no other test uses."""
    return f"room-{uuid.uuid4().hex[:12]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the servers printed under a test that failed."""
    report = yield
    if report.failed:
        for server in running:
            said = server.said()[-SHOWN_CHARACTERS:]
            report.sections.append((f"server on port {server.port} (pid {server.process.pid})", said))
    return report
