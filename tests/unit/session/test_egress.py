"""The way out: once per peer and pass."""

import pytest
import trio
import trio.testing

from tests.unit.session.fake_link import FakeLink, outbox_on
from trio_signal.session.egress import Egress

settled = trio.testing.wait_all_tasks_blocked


async def test_what_is_queued_outside_a_pass_is_written_soon(nursery: trio.Nursery) -> None:
    """Once, when the tasks that can run have had their turn."""
    egress, link = Egress(), FakeLink()
    outbox = outbox_on(link, nursery, egress=egress)
    nursery.start_soon(egress.run)
    await settled()
    for text in (b"one", b"two"):
        outbox.put(text)
    assert link.writes == []
    await settled()
    assert link.writes == [6]


async def test_what_is_queued_before_the_flusher_runs_is_written_too(nursery: trio.Nursery) -> None:
    """Nothing waits for the next frame to come."""
    egress, link = Egress(), FakeLink()
    outbox_on(link, nursery, egress=egress).put(b"one")
    nursery.start_soon(egress.run)
    await settled()
    assert link.writes == [3]


async def test_several_tasks_of_one_turn_lead_to_one_write(nursery: trio.Nursery) -> None:
    """The same coalescing as in a pass of the pump."""
    egress, link = Egress(), FakeLink()
    outbox = outbox_on(link, nursery, egress=egress)
    nursery.start_soon(egress.run)
    await settled()

    async def say() -> None:
        outbox.put(b"word")

    for _ in range(10):
        nursery.start_soon(say)
    await settled()
    assert len(link.written) == 40
    assert len(link.writes) <= 2


async def test_in_a_pass_nothing_is_written_before_its_end(nursery: trio.Nursery) -> None:
    """And the flusher is not woken for it."""
    egress, link = Egress(), FakeLink()
    outbox = outbox_on(link, nursery, egress=egress)
    nursery.start_soon(egress.run)
    await settled()
    egress.in_pass = True
    outbox.put(b"one")
    await settled()
    assert link.writes == []
    egress.flush()
    egress.in_pass = False
    assert link.writes == [3]


async def test_each_peer_is_written_to_once(nursery: trio.Nursery) -> None:
    """Two peers, two writes."""
    egress, links = Egress(in_pass=True), [FakeLink(), FakeLink()]
    outboxes = [outbox_on(link, nursery, egress=egress) for link in links]
    for _ in range(3):
        for outbox in outboxes:
            outbox.put(b"abc")
    egress.flush()
    assert [link.writes for link in links] == [[9], [9]]
    assert egress.dirty == []


async def test_a_broken_socket_does_not_keep_the_others_waiting(nursery: trio.Nursery) -> None:
    """Nothing a client does may affect another client."""
    egress, broken, link = Egress(in_pass=True), FakeLink(), FakeLink()
    broken.broken = True
    for one in (broken, link):
        outbox_on(one, nursery, egress=egress).put(b"one")
    egress.flush()
    assert link.writes == [3]


async def test_the_flusher_can_be_ended_and_run_again(nursery: trio.Nursery) -> None:
    """Cancelled while it sleeps, it leaves nothing behind that could be woken."""
    egress, link = Egress(), FakeLink()
    outbox = outbox_on(link, nursery, egress=egress)
    with trio.move_on_after(0):
        await egress.run()
    outbox.put(b"one")
    nursery.start_soon(egress.run)
    await settled()
    assert link.writes == [3]


async def test_what_is_queued_by_a_flush_is_written_in_the_next_turn(nursery: trio.Nursery) -> None:
    """A peer that is found to be gone is told of to the others, say."""
    egress, link = Egress(), FakeLink()
    other = outbox_on(link, nursery, egress=egress)

    class Telling(FakeLink):
        def write(self, data: bytes) -> int:
            other.put(b"told")
            return super().write(data)

    outbox_on(Telling(), nursery, egress=egress).put(b"one")
    nursery.start_soon(egress.run)
    await settled()
    assert link.written == b"told"


@pytest.fixture
async def nursery() -> "trio.Nursery":  # type: ignore[misc]
    """One that ends with the test."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()
