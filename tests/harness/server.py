"""A server process on a free loopback port: started, watched, and stopped with a hard edge."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from tests.harness.tokens import SECRET

ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0
STOP_S = 20.0
KEPT_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
LIMITS = ("CONNECTIONS", "CREATE_ROOM", "JOIN_ROOM", "LIST_ROOMS", "REQUESTS", "AUTH", "FLOOD")

running: list["Server"] = []


@attrs.define(eq=False)
class Server:
    """One `trio-signal serve`; `output` holds its stdout and stderr together unless they were split."""

    process: subprocess.Popen[bytes]
    port: int
    data_dir: Path
    output: Path
    errors: Path
    ca_file: Path | None = None
    expect_traces: bool = False

    @property
    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None

    @property
    def url(self) -> str:
        return f"{'https' if self.ca_file else 'http'}://127.0.0.1:{self.port}"

    def said(self) -> str:
        """Everything the process has printed so far."""
        return self.output.read_text(errors="replace") + self.errors.read_text(errors="replace")

    def ready_status(self) -> int | None:
        """The status of GET /readyz, or None where nobody answers."""
        if self.ca_file:
            link: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=5, context=self.tls
            )
        else:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", "/readyz")
            return link.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()

    def wait_ready(self) -> None:
        """Return when /readyz says 200; raise with what the process said if it ends or takes too long."""
        deadline = time.monotonic() + START_S
        while self.ready_status() != 200:
            if not self._alive_after(0.02):
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.said()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the server was not ready within {START_S} s:\n{self.said()}")

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no goodbye."""
        self.process.kill()
        self.process.wait(STOP_S)

    def stop(self) -> int:
        """SIGTERM, then SIGKILL where that does not help; return the exit code."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end the server in {STOP_S} s:\n{self.said()}") from None

    async def stopped(self) -> int:
        """`stop` for a test whose clients must answer meanwhile; return the exit code."""
        return await trio.to_thread.run_sync(self.stop)

    async def exit_code(self) -> int:
        """Wait (bounded) until the process has ended by itself."""
        return await trio.to_thread.run_sync(self.process.wait, STOP_S)

    def _alive_after(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(folder: Path, *, port: int | None = None, data_dir: Path | None = None, **env: Any) -> Server:
    """Start the process and return at once. `env` adds to the defaults; None takes a default away."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    data_dir = data_dir or folder / "data"
    settings: dict[str, str | None] = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ENV": "development",
        "JWT_SECRET": SECRET,
        "DATA_DIR": str(data_dir),
        "DRAIN_SECONDS": "3",
        **{f"RATE_LIMIT_{name}": "0" for name in LIMITS},
        **env,
    }
    inherited = {name: os.environ[name] for name in KEPT_ENV if name in os.environ}
    chosen = {name: value for name, value in settings.items() if value is not None}
    output, errors = folder / f"stdout-{port}.txt", folder / f"stderr-{port}.txt"
    with output.open("ab") as out, errors.open("ab") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "trio_signal", "serve"],
            cwd=folder,  # away from any .env of the project
            env={**inherited, "PYTHONPATH": str(ROOT), **chosen},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    ca_file = Path(chosen["TLS_CERT"]) if "TLS_CERT" in chosen else None
    return Server(process, port, data_dir, output, errors, ca_file)


@contextmanager
def serving(folder: Path, *, data_dir: Path | None = None, **env: Any) -> Iterator[Server]:
    """A ready server; at the end it is stopped, and must not have printed a trace."""
    server = spawn(folder, data_dir=data_dir, **env)
    running.append(server)
    try:
        server.wait_ready()
        yield server
    finally:
        try:
            server.stop()
        finally:
            running.remove(server)
    said = server.said()
    assert server.expect_traces or "Traceback" not in said, f"the server printed a trace:\n{said[-6000:]}"
