"""A cluster of one node."""

import pytest

from tests.unit.cluster.seats import Clock
from trio_signal.cluster.local import LocalCluster


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster(clock: Clock) -> LocalCluster:
    return LocalCluster(clock)
