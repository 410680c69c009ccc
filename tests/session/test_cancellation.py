"""Cutting a connection at any of its awaits leaves nothing behind: no member, no open row, no task, no timer."""

import contextlib
from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from tests.session.memory import MemoryLink, MemoryStore, connect, identity, open_test_node
from trio_signal.domain.ids import RoomId
from trio_signal.session.node import Node

MOST_STEPS = 400
End = Callable[[trio.CancelScope, MemoryLink], None]


async def talk(link: MemoryLink, witness: MemoryLink) -> None:
    """Everything a peer does, one thing after another."""
    await link.hear("welcome")
    await link.ask(type="create-room", roomId="own-room", name="Own room")
    await link.ask(type="set-state", state={"muted": True})
    await link.ask(type="leave-room")
    await link.ask(type="join-room", roomId="shared")
    await link.ask(type="message", data="hello")
    await link.ask(type="leave-room")
    await link.ask(type="join-room", roomId="shared")
    await link.ask(type="close-room")
    await link.ask(type="create-room", roomId="own-room", name="Own room again")
    link.hang_up()
    while True:
        await witness.hear()


async def cut_after(steps: int, end: End) -> bool:
    """Run the conversation, end it after so many steps, look at what is left; whether it was still going on."""
    store = MemoryStore()
    async with open_test_node(store, rate_create_room=0, rate_join_room=0) as node, trio.open_nursery() as others:
        witness, _ = connect(others, node, identity("witness"))
        await witness.hear("welcome")
        await witness.ask(type="create-room", roomId="shared", name="Shared room")
        before = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as nursery:
            link, connection = connect(nursery, node, identity("subject"))
            talker = trio.CancelScope()
            nursery.start_soon(_within, talker, link, witness)
            for _ in range(steps):
                await trio.lowlevel.cancel_shielded_checkpoint()
            going_on = not connection.ended
            talker.cancel()
            end(nursery.cancel_scope, link)
        await _nothing_left(node, store, before)
        witness.hang_up()
        await node.journal.flushed()
    return going_on


async def _within(scope: trio.CancelScope, link: MemoryLink, witness: MemoryLink) -> None:
    with scope, contextlib.suppress(trio.ClosedResourceError):
        await talk(link, witness)


async def _nothing_left(node: Node, store: MemoryStore, tasks: int) -> None:
    await node.journal.flushed()
    assert trio.lowlevel.current_statistics().tasks_living == tasks
    assert len(node.connections) == 1
    shared = node.cluster.find(RoomId("shared"))
    members = 0 if shared is None else len(shared.room.members)
    assert members in (0, 1)
    assert shared is None or not shared.room.reserved
    assert node.cluster.find(RoomId("own-room")) is None
    assert len(store.open_rows) == members
    assert store.rooms.get(RoomId("own-room"), (None, "closed"))[1] == "closed"
    # The witness keeps its heartbeat and its token's expiry.
    assert len(node.timers) == 2


def cancel(scope: trio.CancelScope, _link: MemoryLink) -> None:
    scope.cancel()


def hang_up(_scope: trio.CancelScope, link: MemoryLink) -> None:
    link.hang_up()


@pytest.mark.parametrize("end", [cancel, hang_up])
async def test_cut_at_every_step(autojump_clock: MockClock, end: End) -> None:
    """Whichever step of the conversation is its last, the room, the store and the nursery are as before it."""
    steps, still_going = 0, True
    while still_going:
        still_going = await cut_after(steps, end)
        steps += 1
        assert steps < MOST_STEPS
    assert steps > 40, "the conversation has more awaits than that"
