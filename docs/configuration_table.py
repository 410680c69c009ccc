"""Writes docs/configuration.md from `trio_signal.config`; with `--check`, only says whether it is up to date."""

import json
import sys
from pathlib import Path
from typing import Any

import attrs

from trio_signal.config import Config

PAGE = Path(__file__).with_name("configuration.md")
HEAD = """# Configuration

Everything is set by environment variables or a `.env` file in the working directory; the environment wins. An empty
value is the same as none. A wrong value, or a name that is nearly one of these, ends the start with exit code 2 and a
message that names the variable. `trio-signal check-config` shows what the configuration comes to. A limit of 0 is off.

This page is generated: `python docs/configuration_table.py`.

| name | default | unit | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_row(field) for field in attrs.fields(Config))


def _row(field: "attrs.Attribute[Any]") -> str:
    what = field.metadata
    return f"| `{what['variable']}` | {_default(field.default)} | {what['unit']} | {what['meaning']} |\n"


def _default(value: Any) -> str:
    if value in ("", (), None):
        return ""
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    if isinstance(value, tuple):
        return f"`{','.join(value) if isinstance(value[0], str) else json.dumps(value)}`"
    return f"`{value}`"


def main() -> None:
    if "--check" not in sys.argv:
        PAGE.write_text(page(), "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page():
        sys.exit("docs/configuration.md is out of date: run python docs/configuration_table.py")


if __name__ == "__main__":
    main()
