"""Autobahn's verdict on `/ws`: the real listener and express lane, with an echo in the session's place.

Runs where Python 2.7 is found. With `SOAK=1` all cases run, over TLS too; else without the slowest ones.
"""

import os
from pathlib import Path

import pytest

from tests.conformance.autobahn import SLOWEST, run_fuzzingclient
from tests.conformance.conftest import echoing, figures
from tests.conformance.python27 import find_python27, install_autobahn
from tests.contract.test_tls import self_signed

SOAK = os.environ.get("SOAK", "0") not in {"", "0"}
EXCLUDED = () if SOAK else SLOWEST
CASES = 301 - len(EXCLUDED)
LIMIT_S = 600 if SOAK else 150

pytestmark = [pytest.mark.process, pytest.mark.timeout(LIMIT_S + 300)]  # the first time the suite is installed


@pytest.fixture(scope="module")
def wstest() -> Path:
    """Autobahn's test program; the one reason for it not to run is that there is no Python 2.7."""
    python27 = find_python27()
    if python27 is None:
        pytest.skip("Autobahn was not run: it needs Python 2.7, which was found neither on PATH nor in pyenv")
    return install_autobahn(python27)


@pytest.mark.parametrize("scheme", ["ws", "wss"] if SOAK else ["ws"])
def test_the_transport_conforms(scheme: str, wstest: Path, tmp_path: Path) -> None:
    """Every case passes, its closing handshake included."""
    certificate = self_signed(tmp_path) if scheme == "wss" else ()
    with echoing(tmp_path, *certificate) as port:
        report = run_fuzzingclient(wstest, f"{scheme}://127.0.0.1:{port}/ws", tmp_path, EXCLUDED, LIMIT_S)
    figures.append(f"{scheme}: {report.summary()}")
    assert not report.failed, report.complaints()
    assert len(report.cases) == CASES
