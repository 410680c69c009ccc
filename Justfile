# What there is to do here: `just --list`. Needs a virtual environment in .venv with `pip install -e '.[check]'`.

python := ".venv/bin/python"

# Everything a change must pass, the same as in CI
check: test lint types imports docs lock

# The whole test suite; arguments go to pytest
test *arguments:
    {{python}} -m tests {{arguments}}

# ruff, and flake8-async for what ruff does not see
lint:
    {{python}} -m ruff check .
    {{python}} -m ruff format --check .
    .ci/check-async

types:
    {{python}} -m mypy

# DESIGN's import direction
imports:
    .venv/bin/lint-imports

# The generated pages are up to date
docs:
    {{python}} docs/configuration_table.py --check

# requirements.lock fits pyproject.toml, and its hashes can be installed
lock:
    .ci/check-lock

# Bring requirements.lock up to date
relock:
    .venv/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade -o requirements.lock

serve:
    .venv/bin/trio-signal serve

# Benchmarks next to Node ws; arguments name scenarios (see benchmarks/README.md)
bench *arguments:
    {{python}} -m benchmarks {{arguments}}

# The tests that take too long for every change
soak:
    SOAK=1 {{python}} -m tests tests/conformance
