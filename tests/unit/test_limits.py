"""Rate limits: a bucket per key."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_signal.limits import RateLimit, Strikes, address_key


def test_a_burst_at_once_then_one_by_one() -> None:
    """Ten a minute: ten at once, the next one after six seconds."""
    limit = RateLimit.per_minute(10)
    assert [limit.wait_s("ann", 0.0) for _ in range(10)] == [0.0] * 10
    assert limit.wait_s("ann", 0.0) == pytest.approx(6.0)
    assert limit.wait_s("ann", 5.9) == pytest.approx(0.1)
    assert limit.wait_s("ann", 6.0) == 0.0
    assert limit.wait_s("ann", 6.0) == pytest.approx(6.0)


def test_asking_in_vain_costs_nothing() -> None:
    """A refused request does not push the next one away."""
    limit = RateLimit(1, 1)
    limit.wait_s("ann", 0.0)
    for tenths in range(10):
        assert limit.wait_s("ann", tenths / 10) > 0
    assert limit.wait_s("ann", 1.0) == 0.0


def test_keys_have_buckets_of_their_own() -> None:
    """One user's haste is nobody else's wait."""
    limit = RateLimit(1, 1)
    assert limit.wait_s("ann", 0.0) == 0.0
    assert limit.wait_s("ann", 0.0) > 0
    assert limit.wait_s("ben", 0.0) == 0.0


def test_a_rate_of_zero_is_no_limit() -> None:
    """And remembers nobody."""
    limit = RateLimit.per_minute(0)
    assert {limit.wait_s("ann", 0.0) for _ in range(10_000)} == {0.0}
    assert len(limit) == 0


STEPS = st.lists(st.floats(0, 3), min_size=1, max_size=80)


@given(rate=st.floats(0.1, 50), burst=st.integers(1, 10), steps=STEPS)
def test_never_more_than_burst_and_rate_in_any_window(rate: float, burst: int, steps: list[float]) -> None:
    """Whenever they come."""
    limit = RateLimit(rate, burst)
    taken = [now for now in itertools.accumulate(steps) if limit.wait_s("ann", now) == 0.0]
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - start) + 1e-6


@given(rate=st.floats(0.1, 50), burst=st.integers(1, 10), steps=STEPS)
def test_who_waits_as_long_as_told_is_let_in(rate: float, burst: int, steps: list[float]) -> None:
    """The wait is no longer than it need be, either."""
    limit, now = RateLimit(rate, burst), 0.0
    for step in steps:
        now += step
        wait = limit.wait_s("ann", now)
        assert 0 <= wait <= 1 / rate + 1e-6
        if wait:
            assert limit.wait_s("ann", now + wait * 0.9) > 0
            now += wait + 1e-9
            assert limit.wait_s("ann", now) == 0.0


@given(keys=st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), max_size=200))
def test_memory_is_bounded(keys: list[tuple[int, float]]) -> None:
    """However many there are."""
    limit, now = RateLimit(1, 2, max_keys=5), 0.0
    for key, step in keys:
        now += step
        limit.wait_s(key, now)
        assert len(limit) <= 5


def test_a_full_memory_forgets_first_whom_it_does_not_limit() -> None:
    """A flood of new addresses does not set a limited one free."""
    limit = RateLimit(1, 1, max_keys=3)
    limit.wait_s("early", 0.0)
    limit.wait_s("limited", 10.0)
    for number in range(10):
        limit.wait_s(number, 10.0 + number / 100)
        if number < 2:
            assert limit.wait_s("limited", 10.5) > 0
    assert len(limit) <= 3


@pytest.mark.parametrize(
    ("most", "times", "full"),
    [
        (3, [0, 1, 2], [False, False, True]),
        (3, [0, 1, 70, 71, 72], [False] * 4 + [True]),
        (3, [0, 1, 60], [False, False, True]),
        (3, [0, 1, 60.1], [False] * 3),
        (1, [0, 100], [True, True]),
        (0, [0, 0, 0], [False] * 3),
        (2, [0, 61, 122, 180], [False, False, False, True]),
    ],
)
def test_strikes_are_full_when_so_many_fall_into_the_window(most: int, times: list[float], full: list[bool]) -> None:
    """20 mistakes within a minute, 200 refusals within ten seconds; 0 is never full."""
    strikes = Strikes(most, 60.0)
    assert [strikes.add(now) for now in times] == full


@given(most=st.integers(1, 5), steps=st.lists(st.floats(0, 40), max_size=60))
def test_strikes_are_what_counting_by_hand_says(most: int, steps: list[float]) -> None:
    """And remember no more than they need."""
    strikes, times = Strikes(most, 60.0), []
    for now in itertools.accumulate(steps):
        times.append(now)
        assert strikes.add(now) is (len(times) >= most and now - times[-most] <= 60.0)
        assert len(strikes._times) <= most


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_limit_per_address_counts_ipv6_by_its_64(address: str, key: str) -> None:
    """One household has one /64; an IPv4 address is one however it is written."""
    assert address_key(address) == key
