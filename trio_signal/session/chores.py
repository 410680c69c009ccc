"""What a node does now and then: signs of life, rooms that nobody came back to."""

import trio

from trio_signal.session.node import Node
from trio_signal.session.rooms import end_room
from trio_signal.store.base import StoreUnavailable
from trio_signal.telemetry.logs import get_logger

SWEEP_S = 60.0

log = get_logger()


async def run_chores(node: Node) -> None:
    """Both chores, for ever."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stay_alive, node)
        nursery.start_soon(_sweep_rooms, node)


async def _stay_alive(node: Node) -> None:
    """Tell the store that this node lives: three times in a lease."""
    while True:
        try:
            await node.store.note_alive(node.node_id, node.now())
        except StoreUnavailable as exc:
            log.warning("no sign of life could be written", error=str(exc))
        await trio.sleep(node.config.node_lease_s / 3)


async def _sweep_rooms(node: Node) -> None:
    """Close the rooms that have been empty for ROOM_IDLE_SECONDS."""
    while True:
        await trio.sleep(min(SWEEP_S, max(0.1, node.config.room_idle_s / 4)))
        for hall in node.cluster.idle_since(node.now() - node.config.room_idle_s):
            end_room(node, hall, "idle")
            log.info("idle room closed", roomId=hall.room.info.room_id)
