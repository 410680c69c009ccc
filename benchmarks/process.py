"""A server process under measurement: started on one core, asked for CPU time and memory, stopped in time."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

READY_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 20.0
_libc = ctypes.CDLL(None, use_errno=True)


class ServerFailedError(Exception):
    """The server did not start, died, or did not stop when told to."""


@attrs.frozen
class Cores:
    """Which core the server gets and which the load."""

    server: int
    load: int

    @property
    def are_shared(self) -> bool:
        """True on a machine with one core; then only CPU time means something."""
        return self.server == self.load


def choose_cores() -> Cores:
    """The last allowed core for the server, the first for the load."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(server=allowed[-1], load=allowed[0])


def find_free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@attrs.frozen
class ServerProcess:
    """A running server."""

    pid: int
    port: int
    _cpu_clock: int

    def cpu_ns(self) -> int:
        """CPU time of all its threads so far, user and system, dead threads included (nanoseconds).

        The scheduler's own accounting, read through the process's POSIX CPU clock: exact to the microsecond,
        where `utime` + `stime` in /proc/PID/stat step by 10 ms.
        """
        return time.clock_gettime_ns(self._cpu_clock)

    def unique_bytes(self) -> int:
        """USS: the pages that belong to this process alone (smaps_rollup, Private_Clean + Private_Dirty)."""
        total_kib = 0
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                total_kib += int(line.split()[1])
        return total_kib * 1024

    def collect_garbage(self) -> None:
        """Asks a server that listens to it (the Node peer) for a collection."""
        os.kill(self.pid, signal.SIGUSR2)


def _cpu_clock_of(pid: int) -> int:
    clock = ctypes.c_int()
    failed = _libc.clock_getcpuclockid(pid, ctypes.byref(clock))
    if failed:
        raise ServerFailedError(f"no CPU clock for process {pid}: {os.strerror(failed)}")
    return clock.value


def _answers(port: int, ready_path: str | None) -> bool:
    if ready_path is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", ready_path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, ready_path: str | None) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not _answers(port, ready_path):
        if process.poll() is not None:
            raise ServerFailedError(f"exited with {process.returncode} before it was ready")
        if time.monotonic() > deadline:
            raise ServerFailedError(f"not ready within {READY_TIMEOUT_S:.0f} s")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    died_early = process.poll() is not None
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise ServerFailedError(f"did not stop within {STOP_TIMEOUT_S:.0f} s") from None
    if died_early:
        raise ServerFailedError(f"exited with {process.returncode} while under load")


@contextlib.contextmanager
def run_server(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    port: int,
    ready_path: str | None,
    core: int,
) -> Iterator[ServerProcess]:
    """Starts the command in `folder` on `core`, waits until it answers, and stops it at the end.

    What it wrote is shown when it failed.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment, "PORT": str(port), "HOST": "127.0.0.1"},
            stdout=output,
            stderr=output,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 (the harness has one thread)
        )
        try:
            try:
                _wait_until_ready(process, port, ready_path)
                yield ServerProcess(process.pid, port, _cpu_clock_of(process.pid))
            finally:
                _stop(process)
        except Exception as error:
            output.seek(0)
            tail = output.read()[-3000:].decode(errors="replace")
            error.add_note(f"{command}: the end of its output:\n{tail}")
            raise
