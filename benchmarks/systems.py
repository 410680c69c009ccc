"""The systems that are compared, each as a command, its environment and how one sees that it is ready."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from benchmarks.client import JWT_SECRET
from benchmarks.process import ServerProcess, find_free_port, run_server

HERE = Path(__file__).resolve().parent
INSTALL_TIMEOUT_S = 180

UNLIMITED = {
    f"RATE_LIMIT_{name}": "0"
    for name in ("CONNECTIONS", "CREATE_ROOM", "JOIN_ROOM", "LIST_ROOMS", "REQUESTS", "AUTH", "FLOOD")
}


class SystemMissingError(Exception):
    """A system cannot be run here; the message says what is missing."""


@attrs.frozen
class System:
    """One server program. `prepare` installs what it needs and returns its command."""

    name: str
    title: str
    prepare: Callable[[], list[str]]
    ready_path: str | None
    environment: dict[str, str] = attrs.field(factory=dict)
    folder: Path = HERE.parent
    collects_on_signal: bool = False

    @contextlib.contextmanager
    def run(self, core: int, port: int = 0) -> Iterator[ServerProcess]:
        """Runs it on `core` with a fresh data folder; port 0 takes a free one."""
        command = self.prepare()
        with tempfile.TemporaryDirectory(prefix="trio-signal-bench-") as folder:
            environment = {"JWT_SECRET": JWT_SECRET, "DATA_DIR": folder, **self.environment}
            chosen = port or find_free_port()
            with run_server(command, self.folder, environment, chosen, self.ready_path, core) as server:
                yield server


def _our_command() -> list[str]:
    return [sys.executable, "-m", "trio_signal", "serve"]


def _naive_command() -> list[str]:
    return [sys.executable, str(HERE / "peers" / "naive_trio" / "server.py")]


def _node_command() -> list[str]:
    node = shutil.which("node")
    if node is None:
        raise SystemMissingError("node_ws needs `node` on the PATH (20 or newer)")
    return [node, "--expose-gc", str(_installed_node_peer() / "server.mjs")]


def _installed_node_peer() -> Path:
    """A copy of the Node peer with its packages in the user's cache; installed once per set of versions."""
    source = HERE / "peers" / "node_ws"
    versions = hashlib.sha256((source / "package.json").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "trio-signal-benchmarks" / f"node_ws-{versions}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "server.mjs"):
        shutil.copyfile(source / name, folder / name)
    if not (folder / "node_modules" / "jsonwebtoken").is_dir() or not (folder / "node_modules" / "ws").is_dir():
        _npm_install(folder)
    return folder


def _npm_install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemMissingError("node_ws needs `npm` on the PATH to install ws and jsonwebtoken once")
    command = [npm, "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=folder, timeout=INSTALL_TIMEOUT_S, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise SystemMissingError(f"npm install took longer than {INSTALL_TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise SystemMissingError(f"npm install failed:\n{done.stderr[-2000:]}")


OURS = System(
    name="trio_signal",
    title="trio-signal",
    prepare=_our_command,
    ready_path="/readyz",
    environment={"ENV": "development", "LOG_LEVEL": "WARNING", "MAX_ROOM_USERS": "1000", **UNLIMITED},
)
NODE_WS = System(
    name="node_ws",
    title="Node `ws`",
    prepare=_node_command,
    ready_path="/readyz",
    environment={"NODE_ENV": "production"},
    collects_on_signal=True,
)
NAIVE_TRIO = System(name="naive_trio", title="naive trio-websocket", prepare=_naive_command, ready_path=None)

SYSTEMS = {system.name: system for system in (OURS, NODE_WS, NAIVE_TRIO)}


def other_checkout(folder: Path) -> System:
    """Our server as it stands in another checkout: before against after, in one run."""
    return attrs.evolve(OURS, name=f"trio_signal@{folder.name}", title=f"trio-signal ({folder.name})", folder=folder)
