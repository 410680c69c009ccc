"""`python -m tests`: the whole suite; arguments go to pytest. Brings what the browser tests need, where it can."""

import os
import shutil
import subprocess
import sys

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def bring_browser() -> None:
    """Install Chromium with apt, if there is none and this user may. Without one the browser tests fail and say so."""
    if any(shutil.which(name) for name in BROWSERS) or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    print("installing chromium for the browser tests", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *arguments], check=False, **quiet)  # type: ignore[call-overload]


if __name__ == "__main__":
    bring_browser()
    sys.exit(pytest.main(sys.argv[1:]))
