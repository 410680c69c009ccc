"""PROTOCOL.md 4, the roster rule, and capacity: true at every moment, with everybody racing."""

import random

import pytest
import trio

from tests.contract.conftest import Connect
from tests.harness.client import Client, Json


class Roster:
    """A member's view: `existingUsers` plus `user-joined` minus `user-left`; a contradiction raises."""

    def __init__(self, existing: list[Json]) -> None:
        self.members = {member["peerId"] for member in existing}
        assert len(self.members) == len(existing), "a member listed twice"

    def apply(self, events: list[Json]) -> None:
        for event in events:
            match event["type"]:
                case "user-joined":
                    assert event["peerId"] not in self.members, f"joined twice: {event}"
                    self.members.add(event["peerId"])
                case "user-left":
                    assert event["peerId"] in self.members, f"left without having joined: {event}"
                    self.members.remove(event["peerId"])


async def wander(client: Client, room_id: str, seed: int) -> Roster | None:
    """Join and leave at random, checking the own view each time; stay at the end, or drop out."""
    dice = random.Random(seed)
    roster: Roster | None = None
    for _ in range(dice.randint(5, 12)):
        if roster is None:
            await client.pending()
            reply = await client.ok("join-room", roomId=room_id)
            roster = Roster(reply["existingUsers"])
        elif dice.random() < 0.5:
            roster.apply(await client.pending())
        else:
            await client.ok("leave-room")
            roster.apply([message.body for message in client.waiting])
            client.waiting.clear()
            roster = None
    if dice.random() < 0.3:
        await client.drop()
        return None
    return roster


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_view_is_the_true_membership(connect: Connect, room_id: str, seed: int) -> None:
    """Sixteen join, leave and drop out; who stays sees the true room, and two witnesses saw one order."""
    witness, second = await connect("witness"), await connect("second")
    await witness.ok("create-room", roomId=room_id, name="Coming and going", maxUsers=100)
    await second.ok("join-room", roomId=room_id)
    await witness.event("user-joined")
    wanderers = [await connect(f"w{number}") for number in range(16)]
    views: dict[str, Roster] = {}

    async def run(client: Client, number: int) -> None:
        roster = await wander(client, room_id, seed * 100 + number)
        if roster is not None:
            views[client.peer_id] = roster

    async with trio.open_nursery() as nursery:
        for number, client in enumerate(wanderers):
            nursery.start_soon(run, client, number)

    truth = {*views, witness.peer_id, second.peer_id}
    seen = Roster([])
    changes: list[tuple[str, str]] = []
    with trio.fail_after(10):
        while seen.members != truth - {witness.peer_id, second.peer_id}:  # until each drop was noticed
            events = await witness.pending()
            seen.apply(events)
            changes += [(event["type"], event["peerId"]) for event in events]
    assert [(event["type"], event["peerId"]) for event in await second.pending()] == changes
    for client in wanderers:
        if client.peer_id in views:
            views[client.peer_id].apply(await client.pending())
            assert views[client.peer_id].members == truth - {client.peer_id}


async def test_a_hundred_racing_for_ten_places_fill_exactly_ten(connect: Connect, room_id: str) -> None:
    """Nine join beside the creator, all others get ROOM_FULL, and every view agrees."""
    owner = await connect("owner")
    await owner.ok("create-room", roomId=room_id, name="Ten", maxUsers=10)
    clients = [await connect(f"racer{number}") for number in range(99)]
    views: dict[str, Roster] = {}
    codes: list[str] = []

    async def race(client: Client) -> None:
        reply = await client.request("join-room", roomId=room_id)
        if reply["success"]:
            views[client.peer_id] = Roster(reply["existingUsers"])
        else:
            codes.append(reply["error"]["code"])

    async with trio.open_nursery() as nursery:
        for client in clients:
            nursery.start_soon(race, client)
    assert len(views) == 9
    assert codes == ["ROOM_FULL"] * 90
    assert len(await owner.pending()) == 9
    room = {*views, owner.peer_id}
    for client in clients:
        if client.peer_id in views:
            views[client.peer_id].apply(await client.pending())
            assert views[client.peer_id].members == room - {client.peer_id}


async def test_racing_for_one_room_id_gives_it_to_one(connect: Connect, room_id: str) -> None:
    """Twenty create the same room: one has it, the others get ROOM_EXISTS."""
    clients = [await connect(f"maker{number}") for number in range(20)]
    outcomes: list[str] = []

    async def make(client: Client) -> None:
        reply = await client.request("create-room", roomId=room_id, name="Mine")
        outcomes.append("made" if reply["success"] else reply["error"]["code"])

    async with trio.open_nursery() as nursery:
        for client in clients:
            nursery.start_soon(make, client)
    assert sorted(outcomes) == ["ROOM_EXISTS"] * 19 + ["made"]


async def test_joining_while_the_last_one_leaves_is_one_or_the_other(connect: Connect, room_id: str) -> None:
    """The room ended first (ROOM_NOT_FOUND), or the newcomer is in a room that is alive and listed."""
    for number in range(15):
        last, next_one = await connect("last"), await connect("next")
        name = f"{room_id}-{number}"
        await last.ok("create-room", roomId=name, name="Changing hands")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(last.ok, "leave-room")
            reply = await next_one.request("join-room", roomId=name)
        if reply["success"]:
            third = await connect("third")
            members = (await third.ok("join-room", roomId=name))["existingUsers"]
            assert [member["peerId"] for member in members] == [next_one.peer_id]
        else:
            assert reply["error"]["code"] == "ROOM_NOT_FOUND"
            assert (await next_one.refused("leave-room"))["code"] == "NOT_IN_ROOM"
