"""The queue between a peer and its socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.session.fake_link import FakeLink, outbox_on
from trio_signal.session.egress import Egress
from trio_signal.session.outbox import MAX_WRITE_BYTES, Outbox

settled = trio.testing.wait_all_tasks_blocked


@asynccontextmanager
async def opened(room: int = 2**30, **options: Any) -> AsyncIterator[tuple[FakeLink, Outbox]]:
    """A link with so much room, and an outbox on it."""
    link = FakeLink(room)
    async with trio.open_nursery() as nursery:
        yield link, outbox_on(link, nursery, **options)
        nursery.cancel_scope.cancel()


async def test_frames_of_one_pass_are_one_write() -> None:
    """In their order."""
    async with opened() as (link, outbox):
        assert all(outbox.put(text) for text in (b"one", b"two", b"three"))
        outbox.flush()
        assert (link.written, link.writes) == (b"onetwothree", [11])
        assert (outbox.waiting_bytes, outbox.waiting_messages) == (0, 0)


async def test_flushing_nothing_writes_nothing() -> None:
    """Nor twice what was written once."""
    async with opened() as (link, outbox):
        outbox.flush()
        outbox.put(b"one")
        outbox.flush()
        outbox.flush()
        assert link.writes == [3]


@pytest.mark.parametrize("room", [0, 1, 5, 10])
async def test_what_the_socket_does_not_take_is_written_when_it_can(room: int) -> None:
    """No byte lost, none twice; what comes meanwhile goes behind."""
    async with opened(room) as (link, outbox):
        outbox.put(b"first-")
        outbox.put(b"second")
        outbox.flush()
        assert link.written == b"first-second"[:room]
        assert outbox.waiting_bytes == 12 - room
        outbox.put(b"-third")
        outbox.flush()
        assert link.written == b"first-second"[:room]
        link.let_through()
        await settled()
        assert link.written == b"first-second-third"
        assert outbox.waiting_bytes == 0


async def test_after_the_rest_is_out_frames_are_written_at_once_again() -> None:
    """The writer lives only while the socket is full."""
    async with opened(0) as (link, outbox):
        outbox.put(b"one")
        outbox.flush()
        link.let_through()
        await settled()
        link.room = 2**30
        outbox.put(b"two")
        outbox.flush()
        assert link.written == b"onetwo"


async def test_frames_are_joined_up_to_a_bound() -> None:
    """A writer does not copy megabytes for one write."""
    async with opened(0, max_bytes=2**30) as (link, outbox):
        outbox.put(b"start")
        outbox.flush()
        for _ in range(50):
            outbox.put(b"x" * 16384)
        link.let_through()
        await settled()
        assert len(link.written) == 5 + 50 * 16384
        assert max(link.writes) <= MAX_WRITE_BYTES


@pytest.mark.parametrize(
    ("limits", "fitting"), [({"max_messages": 3}, 3), ({"max_bytes": 35}, 3), ({"max_bytes": 40}, 4)]
)
async def test_over_the_bound_a_peer_that_does_not_read_is_given_up(limits: dict[str, int], fitting: int) -> None:
    """Told once; nothing more is taken."""
    overflows: list[str] = []
    async with opened(0, overflows=overflows, **limits) as (_, outbox):
        taken = [outbox.put(b"x" * 10) for _ in range(8)]
        outbox.flush()
        taken += [outbox.put(b"x" * 10) for _ in range(8)]
        assert overflows == ["overflow"]
        assert outbox.closed
        assert taken.index(False) >= fitting
        assert True not in taken[taken.index(False) :]
        assert outbox.waiting_bytes <= limits.get("max_bytes", 2**20) + 10


async def test_a_large_pass_is_no_overflow_while_the_socket_takes_it() -> None:
    """The bounds are for those who do not read."""
    overflows: list[str] = []
    async with opened(max_messages=3, max_bytes=50, overflows=overflows) as (link, outbox):
        assert all(outbox.put(b"x" * 20) for _ in range(100))
        outbox.flush()
        assert len(link.written) == 2000
        assert overflows == []


async def test_one_frame_larger_than_the_bound_goes_through_an_empty_queue() -> None:
    """A roster of a thousand members is one frame."""
    async with opened(max_bytes=10) as (link, outbox):
        assert outbox.put(b"x" * 100)
        outbox.flush()
        assert len(link.written) == 100


async def test_what_is_being_written_counts() -> None:
    """Or the bound would be one write higher than it says."""
    overflows: list[str] = []
    async with opened(0, max_bytes=100, overflows=overflows) as (_, outbox):
        outbox.put(b"x" * 90)
        outbox.flush()
        await settled()
        assert outbox.waiting_bytes == 90
        assert not outbox.put(b"x" * 11)
        assert overflows == ["overflow"]


async def test_closed_and_kept_what_is_queued_is_still_written() -> None:
    """But nothing more is taken."""
    async with opened(0) as (link, outbox):
        outbox.put(b"one")
        outbox.flush()
        outbox.put(b"two")
        outbox.close(keep=True)
        assert not outbox.put(b"three")
        link.let_through()
        await settled()
        assert link.written == b"onetwo"


@pytest.mark.parametrize("begun", [False, True])
async def test_closed_and_dropped_a_frame_that_is_half_out_is_finished(begun: bool) -> None:
    """A close frame must not fall into it; everything else is dropped."""
    async with opened(2) as (link, outbox):
        outbox.put(b"begun")
        outbox.flush()
        if begun:
            await settled()
        outbox.put(b"queued")
        outbox.put(b"queued")
        outbox.close(keep=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.write_through, b"CLOSE")
            await settled()
            link.let_through()
        assert link.written == b"begunCLOSE"


async def test_the_transports_own_bytes_go_behind_everything() -> None:
    """Also into a closed queue; it waits until they are written."""
    async with opened(0) as (link, outbox):
        outbox.put(b"one")
        outbox.close(keep=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.write_through, b"CLOSE")
            await settled()
            assert link.written == b""
            assert len(nursery.child_tasks) == 1
            link.let_through()
        assert link.written == b"oneCLOSE"


async def test_the_transports_own_bytes_flush_what_is_queued() -> None:
    """A pong does not overtake a message."""
    async with opened() as (link, outbox):
        outbox.put(b"one")
        await outbox.write_through(b"PONG")
        assert link.written == b"onePONG"


async def test_two_who_wait_for_the_writer_both_come_back() -> None:
    """A pong of the transport's, and a close frame of ours."""
    async with opened(0) as (link, outbox):
        with trio.fail_after(1):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outbox.write_through, b"PONG")
                await settled()
                nursery.start_soon(outbox.write_through, b"CLOSE")
                await settled()
                link.let_through()
        assert link.written == b"PONGCLOSE"


async def test_a_socket_found_broken_in_the_middle_of_a_fan_out_is_no_overflow() -> None:
    """The frame that would be too much finds it."""
    overflows: list[str] = []
    async with opened(max_messages=1, overflows=overflows) as (link, outbox):
        link.broken = True
        assert outbox.put(b"one")
        assert not outbox.put(b"two")
        assert overflows == []


@pytest.mark.parametrize("when", ["at once", "while writing"])
async def test_a_broken_socket_forgets_everything(when: str) -> None:
    """And does not raise: the reader finds out by itself."""
    async with opened(0) as (link, outbox):
        outbox.put(b"one")
        link.broken = when == "at once"
        outbox.flush()
        outbox.put(b"two")
        link.broken = True
        link.let_through()
        await settled()
        assert outbox.closed
        assert (outbox.waiting_bytes, outbox.waiting_messages) == (0, 0)
        assert not outbox.put(b"three")
        with trio.fail_after(1):
            await outbox.write_through(b"CLOSE")


@given(
    room=st.integers(0, 60),
    steps=st.lists(
        st.binary(min_size=1, max_size=20) | st.sampled_from(["flush", "wait", "open", "hold"]), max_size=40
    ),
)
async def test_bytes_arrive_complete_and_in_order(room: int, steps: list[bytes | str]) -> None:
    """However full the socket is, and whenever."""
    async with opened(room, egress=Egress()) as (link, outbox):
        for step in steps:
            match step:
                case bytes():
                    assert outbox.put(step)
                case "flush":
                    outbox.flush()
                case "wait":
                    await settled()
                case "open":
                    link.let_through()
                case _:
                    link.hold()
        link.let_through()
        with trio.fail_after(1):
            await outbox.write_through(b"END")
        assert link.written == b"".join(step for step in steps if isinstance(step, bytes)) + b"END"
        assert (outbox.waiting_bytes, outbox.waiting_messages) == (0, 0)
