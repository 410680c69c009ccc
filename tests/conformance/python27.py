"""Finding a Python 2.7 that runs, and keeping Autobahn's test suite installed for it outside the checkout.

`autobahntestsuite` has never been ported. A pyenv shim called `python2.7` may be on PATH and refuse to run, so every
candidate is asked for its version.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "autobahntestsuite==25.10.1"
VIRTUALENV = "virtualenv<20.22"  # the last that can make an environment for Python 2.7
ANSWER_S = 10
INSTALL_S = 240
NAMES = ("python2.7", "python2")


def find_python27() -> Path | None:
    """The first Python 2.7 that answers: on PATH, else among pyenv's versions."""
    return next((path for path in _candidates() if _is_python27(path)), None)


def install_autobahn(python27: Path) -> Path:
    """The suite's `wstest`, installed into the cache folder unless it is there. Raises AssertionError."""
    folder = _cache() / SUITE.replace("==", "-")
    stamp, wstest = folder / "installed-for", folder / "suite" / "bin" / "wstest"
    with _alone(folder):
        if not (stamp.is_file() and stamp.read_text() == str(python27) and wstest.is_file()):
            for part in ("tool", "suite"):
                shutil.rmtree(folder / part, ignore_errors=True)
            _run(sys.executable, "-m", "venv", folder / "tool")
            _run(folder / "tool" / "bin" / "pip", "install", VIRTUALENV)
            _run(folder / "tool" / "bin" / "virtualenv", "-p", python27, folder / "suite")
            _run(folder / "suite" / "bin" / "pip", "install", SUITE)
            stamp.write_text(str(python27))
    return wstest


def _candidates() -> Iterator[Path]:
    for folder in os.get_exec_path():
        for name in NAMES:
            path = Path(folder) / name
            if os.access(path, os.X_OK):
                yield path
    for root in _pyenv_roots():
        yield from sorted(root.glob("versions/2.7*/bin/python2.7"), reverse=True)


def _pyenv_roots() -> Iterator[Path]:
    if "PYENV_ROOT" in os.environ:
        yield Path(os.environ["PYENV_ROOT"])
    pyenv = shutil.which("pyenv")
    if pyenv:
        answer = _ask(pyenv, "root")
        if answer:
            yield Path(answer)
    yield Path.home() / ".pyenv"


def _is_python27(path: Path) -> bool:
    return _ask(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])") == "2.7"


def _ask(*command: str | Path) -> str | None:
    """What a command prints, or None where it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=INSTALL_S, check=False, text=True
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))} failed:\n{done.stdout}\n{done.stderr}"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trio-signal"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other test runs out of the folder meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
