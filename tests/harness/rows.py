"""A look into the SQLite file of a server, as an operator with `sqlite3` would take it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def store_file(data_dir: Path) -> Path:
    """Return the one SQLite database in `data_dir`, found by its header."""
    found = [path for path in data_dir.rglob("*") if path.is_file() and _starts_as_sqlite(path)]
    assert len(found) == 1, f"SQLite files in {data_dir}: {found}"
    return found[0]


def _starts_as_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(15) == b"SQLite format 3"


@contextmanager
def open_store(data_dir: Path) -> Iterator[sqlite3.Connection]:
    link = sqlite3.connect(store_file(data_dir), timeout=5, isolation_level=None)
    try:
        yield link
    finally:
        link.close()


def rows(data_dir: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with open_store(data_dir) as link:
        return link.execute(query, values).fetchall()
