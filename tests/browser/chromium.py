"""The system's Chromium under Playwright, with cameras and microphones that need no hardware and ask nobody."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # root has no use of one, and containers often allow none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=10",  # encoding costs much on a small machine
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",  # the pages may reach each other on a machine without a network
)


class NoChromium(Exception):
    """There is no Chromium to test with; the message says how to get one."""


def launch(playwright: Playwright) -> Browser:
    """A headless browser. Raises NoChromium."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        raise NoChromium(
            f"No Chromium on PATH (looked for {', '.join(NAMES)}), and the browser tests need one. "
            "On Debian and Ubuntu: apt-get install chromium"
        )
    return playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
