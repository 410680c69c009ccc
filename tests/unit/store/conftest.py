"""A store on a real file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.store.rows import ident
from trio_signal.store.sqlite import SqliteStore, open_sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "data" / "trio-signal.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """An open store with one user, whose row is 1."""
    async with open_sqlite(path, migrate=True) as store:
        assert await store.user_row_of(ident("ann"), 1.0) == 1
        yield store
