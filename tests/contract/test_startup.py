"""How a server refuses to start: a clear line, an exit code, no trace."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.harness.rows import store_file
from tests.harness.server import STOP_S, Server, spawn

PRODUCTION = {"ENV": "production", "CLIENT_URL": "https://app.example.org"}


def must_end(server: Server) -> None:
    """Wait until the process has ended by itself; it is killed where it does not."""
    try:
        server.process.wait(STOP_S)
    finally:
        if server.process.poll() is None:
            server.kill()


def refused_start(folder: Path, **env: Any) -> Server:
    """Start a server that must end by itself, without a trace."""
    server = spawn(folder, **env)
    must_end(server)
    assert "Traceback" not in server.said()
    return server


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("PORT", {"PORT": "70000"}),
    ("ENV", {"ENV": "prodution"}),
    ("MAX_CONNECTIONS", {"MAX_CONNECTIONS": "-1"}),
    ("RATE_LIMIT_JOIN_ROOM", {"RATE_LIMIT_JOIN_ROOM": "many"}),
    ("ICE_SERVERS", {"ICE_SERVERS": "stun:not-json"}),
    ("LOG_LEVEL", {"LOG_LEVEL": "chatty"}),
    ("AUTH_TIMEOUT", {"AUTH_TIMEOUT": "soon"}),
    ("CLIENT_URL", {"CLIENT_URL": "app.example.org/path"}),
    ("JWT_SECRET", {**PRODUCTION, "JWT_SECRET": "too short"}),
    ("JWT_SECRET", {**PRODUCTION, "JWT_SECRET": None}),
    ("CLIENT_URL", {**PRODUCTION, "CLIENT_URL": "*"}),
]


@pytest.fixture(scope="module")
def wrong_starts(tmp_path_factory: pytest.TempPathFactory) -> list[Server]:
    """One start for each entry of WRONG, some at a time."""

    def start(env: dict[str, Any]) -> Server:
        server = spawn(tmp_path_factory.mktemp("wrong"), **env)
        must_end(server)
        return server

    with ThreadPoolExecutor(max_workers=3) as pool:
        return list(pool.map(start, [env for _, env in WRONG]))


@pytest.mark.parametrize(
    "number", range(len(WRONG)), ids=["=".join(map(str, list(env.items())[-1])) for _, env in WRONG]
)
def test_a_wrong_or_unsafe_value_names_its_variable(wrong_starts: list[Server], number: int) -> None:
    """Exit 2 with a message on stderr that names the variable; production refuses what is unsafe."""
    server = wrong_starts[number]
    assert server.process.returncode == 2, server.said()
    assert WRONG[number][0] in server.errors.read_text()
    assert "Traceback" not in server.said()


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """Exit 1, the line names the port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = refused_start(tmp_path, port=port)
    assert server.process.returncode == 1, server.said()
    assert_one_line(server, str(port))


def test_a_corrupt_store_is_one_clear_line(tmp_path: Path, start_server: StartServer) -> None:
    """Exit 1, the line names the file."""
    first = start_server()
    first.stop()
    file = store_file(first.data_dir)
    for leftover in file.parent.glob(f"{file.name}-*"):
        leftover.unlink()
    file.write_bytes(b"SQLite format 3\x00" + b"\xa5" * 8000)
    server = refused_start(tmp_path, data_dir=first.data_dir)
    assert server.process.returncode == 1, server.said()
    assert_one_line(server, file.name)


def test_a_store_that_is_no_database_is_one_clear_line(tmp_path: Path, start_server: StartServer) -> None:
    """A text file in its place: the same."""
    first = start_server()
    first.stop()
    file = store_file(first.data_dir)
    for leftover in file.parent.glob(f"{file.name}-*"):
        leftover.unlink()
    file.write_text("This is a letter to my aunt.\n" * 100)
    server = refused_start(tmp_path, data_dir=first.data_dir)
    assert server.process.returncode == 1, server.said()
    assert_one_line(server, file.name)


def test_a_data_dir_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """A file where the folder should be."""
    in_the_way = tmp_path / "in-the-way"
    in_the_way.write_text("not a folder")
    server = refused_start(tmp_path, data_dir=in_the_way)
    assert server.process.returncode == 1, server.said()
    assert_one_line(server, "in-the-way")


def test_without_a_secret_development_makes_one_and_keeps_it(start_server: StartServer) -> None:
    """One is generated into DATA_DIR with a warning, and the next start uses it."""
    first = start_server(JWT_SECRET=None)
    first.stop()
    kept = {path: path.read_bytes() for path in first.data_dir.rglob("*") if "secret" in path.name.lower()}
    assert len(kept) == 1
    assert next(iter(kept)).stat().st_mode & 0o077 == 0, "readable by others"
    assert "JWT_SECRET" in first.said()
    start_server(JWT_SECRET=None, data_dir=first.data_dir)
    assert all(path.read_bytes() == content for path, content in kept.items())


def test_the_store_is_migrated_unless_told_otherwise(tmp_path: Path, start_server: StartServer) -> None:
    """AUTO_MIGRATE=0 refuses a store without tables, and serves one that is up to date."""
    server = refused_start(tmp_path / "empty", AUTO_MIGRATE="0")
    assert server.process.returncode == 1, server.said()
    assert "migrat" in server.errors.read_text()
    start_server().stop()
    start_server(AUTO_MIGRATE="0")


def assert_one_line(server: Server, named: str) -> None:
    lines = server.errors.read_text().strip().splitlines()
    assert len(lines) == 1, lines
    assert named in lines[0]
