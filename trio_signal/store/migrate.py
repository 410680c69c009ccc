"""Schema versions: numbered SQL files, each applied once, in order, in a transaction of its own."""

import sqlite3
from importlib import resources

from trio_signal.store.base import StoreBroken


def migrations(dialect: str) -> list[tuple[int, str]]:
    """`(number, SQL)` of every migration of a dialect, in order."""
    folder = resources.files("trio_signal.store") / "migrations" / dialect
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [(int(file.name.partition("_")[0]), file.read_text("utf-8")) for file in files]


def migrate_sqlite(db: sqlite3.Connection, *, apply: bool) -> None:
    """Bring the schema up to date; with `apply` false, only make sure that it is.

    Raises StoreBroken if it is newer than this server, or older and not to be changed.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    known = migrations("sqlite")
    latest = known[-1][0]
    if version > latest:
        raise StoreBroken(f"The database has schema {version}, made by a newer trio-signal; this one knows {latest}.")
    if version < latest and not apply:
        raise StoreBroken(
            f"The database has schema {version}, this server needs {latest}:"
            " run `trio-signal migrate` or set AUTO_MIGRATE=1."
        )
    for number, sql in known:
        if number > version:
            db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
