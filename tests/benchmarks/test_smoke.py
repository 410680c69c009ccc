"""A short round of every scenario on the real server: each figure is there and plausible."""

from benchmarks.smoke import run_smoke


def test_the_harness_measures_the_server() -> None:
    """Nothing is lost on the way, and the figures are of the order they should be."""
    run_smoke(["trio_signal"])
