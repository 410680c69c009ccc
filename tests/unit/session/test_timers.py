"""Plain calls at given times, on a clock that jumps."""

import random
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from trio_signal.session.timers import Timers

Faults = list[Exception]


@pytest.fixture
async def timers(autojump_clock: trio.testing.MockClock) -> AsyncIterator[Timers]:
    """Running timers; the clock starts at 0."""
    timers = Timers()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timers.run)
        yield timers
        nursery.cancel_scope.cancel()


def never(error: Exception) -> None:
    """For actions that do not fail."""
    raise AssertionError from error


async def test_calls_are_made_at_their_times(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """In the order of the times, whatever the order they were set in; equal times in the latter."""
    called: list[tuple[str, float]] = []
    for name, when in (("late", 9.0), ("early", 1.0), ("middle", 5.0), ("middle too", 5.0)):
        timers.call_at(when, lambda name=name: called.append((name, trio.current_time())), never)  # type: ignore[misc]
    await trio.sleep(10)
    assert called == [("early", 1.0), ("middle", 5.0), ("middle too", 5.0), ("late", 9.0)]
    assert len(timers) == 0


async def test_an_earlier_one_set_later_comes_first(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """The sleeper wakes for it."""
    called: list[float] = []
    timers.call_at(100.0, lambda: called.append(trio.current_time()), never)
    await trio.sleep(1)
    timers.call_at(2.0, lambda: called.append(trio.current_time()), never)
    await trio.sleep(2)
    assert called == [2.0]


async def test_what_is_due_already_is_called_at_once(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """As soon as the sleeper has its turn."""
    await trio.sleep(5)
    called: list[float] = []
    timers.call_at(1.0, lambda: called.append(trio.current_time()), never)
    await trio.testing.wait_all_tasks_blocked()
    assert called == [5.0]


async def test_a_cancelled_one_is_not_called(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """And does not count."""
    called: list[str] = []
    timer = timers.call_at(1.0, lambda: called.append("no"), never)
    timers.call_at(1.0, lambda: called.append("yes"), never)
    timers.cancel(timer)
    assert len(timers) == 1
    await trio.sleep(2)
    assert called == ["yes"]


async def test_cancelling_again_or_late_or_nothing_does_nothing(
    timers: Timers, autojump_clock: trio.testing.MockClock
) -> None:
    """Its owner need not keep books."""
    timer, done = timers.call_at(1.0, lambda: None, never), timers.call_at(0.5, lambda: None, never)
    await trio.sleep(0.7)
    for one in (timer, timer, done, None):
        timers.cancel(one)
    assert len(timers) == 0
    await trio.sleep(1)
    assert len(timers) == 0


async def test_a_call_that_fails_is_its_owners_affair(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """The others are called all the same."""
    faults: Faults = []
    called: list[str] = []
    timers.call_at(1.0, lambda: {}[7], faults.append)
    timers.call_at(1.0, lambda: called.append("other"), never)
    timers.call_at(2.0, lambda: called.append("later"), never)
    await trio.sleep(3)
    assert [type(fault) for fault in faults] == [KeyError]
    assert called == ["other", "later"]


async def test_a_call_may_set_the_next_one(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """A heartbeat."""
    beats: list[float] = []

    def beat() -> None:
        beats.append(trio.current_time())
        timers.call_at(trio.current_time() + 25, beat, never)

    timers.call_at(25.0, beat, never)
    await trio.sleep(101)
    assert beats == [25.0, 50.0, 75.0, 100.0]


async def test_a_call_may_cancel_another_that_is_due(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """At the same moment."""
    called: list[str] = []
    timers.call_at(1.0, lambda: timers.cancel(second), never)
    second = timers.call_at(1.0, lambda: called.append("no"), never)
    await trio.sleep(2)
    assert called == []
    assert len(timers) == 0


async def test_cancelled_ones_do_not_pile_up(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """Peers that come and go do not leave a timer each, until it would have been due."""
    kept = [timers.call_at(1000.0 + number, lambda: None, never) for number in range(50)]
    for _ in range(10_000):
        timers.cancel(timers.call_at(500.0, lambda: None, never))
        assert len(timers) == 50
        assert len(timers._heap) <= 50 + 202
    for timer in kept:
        timers.cancel(timer)
    assert len(timers) == 0


async def test_any_mixture_is_called_as_told(timers: Timers, autojump_clock: trio.testing.MockClock) -> None:
    """A thousand set and cancelled at random, next to a list kept by hand."""
    dice = random.Random(7)
    called: list[tuple[float, int]] = []
    expected: dict[int, float] = {}
    handles = {}
    for number in range(1000):
        when = dice.randrange(1, 50) * 1.0
        handles[number] = timers.call_at(when, lambda n=number: called.append((trio.current_time(), n)), never)  # type: ignore[misc]
        expected[number] = when
        if dice.random() < 0.6:
            gone = dice.choice(list(expected))
            timers.cancel(handles[gone])
            del expected[gone]
    assert len(timers) == len(expected)
    await trio.sleep(60)
    assert called == sorted((when, number) for number, when in expected.items())
