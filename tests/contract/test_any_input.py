"""PROTOCOL.md 2 and 5: whatever is sent, the answer is a reply of the contract and never an inner fault."""

import json
import random
from contextlib import suppress
from typing import Any

import pytest
import trio

from tests.contract.conftest import Connect
from tests.harness.client import Client
from tests.harness.errors import checked
from tests.harness.frames import TEXT, frame

KINDS = [
    "authenticate",
    "create-room",
    "join-room",
    "leave-room",
    "close-room",
    "list-rooms",
    "offer",
    "answer",
    "ice-candidate",
    "signal",
    "message",
    "set-state",
    "kick",
    "ping",
    "ice-servers",
]
FIELDS = [
    "token",
    "roomId",
    "name",
    "maxUsers",
    "reason",
    "limit",
    "cursor",
    "to",
    "sdp",
    "candidate",
    "data",
    "state",
    "peerId",
    "from",
    "id2",
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 5, 1.5, 1e300, 10**25, "", "a", "x" * 300, "\x00", "방 <b>"),
    *([], [1, [2, [3]]], {}, {"a": {"b": []}}, {"type": "offer", "sdp": "v=0"}, {"": None}, ["x"] * 50),
]


@pytest.mark.parametrize("seed", range(5))
async def test_any_request_gets_one_reply_of_the_contract(connect: Connect, room_id: str, seed: int) -> None:
    """Random types with random fields, in and out of rooms: each gets one reply, none an INTERNAL_ERROR."""
    dice = random.Random(seed)
    neighbour = await connect("neighbour")
    await neighbour.ok("create-room", roomId=room_id, name="Next door")
    values = [*VALUES, room_id, neighbour.peer_id]
    client: Client | None = None
    mistakes = 0
    for _ in range(200):
        if client is None:
            client = await connect("monkey")
            if dice.random() < 0.7:
                await client.ok("join-room", roomId=room_id)
        fields = {name: dice.choice(values) for name in dice.sample(FIELDS, dice.randint(0, 5))}
        reply = await client.request(dice.choice(KINDS), **fields)
        if not reply["success"]:
            error = checked(reply["error"])
            assert error["code"] != "INTERNAL_ERROR", (fields, error)
            mistakes += error["code"] == "VALIDATION_ERROR"
            if mistakes == 15 or error["code"] == "AUTH_ERROR":  # before it is closed for too many
                await client.drop()
                client, mistakes = None, 0
    await neighbour.pending()
    assert (await neighbour.ok("leave-room"))["roomId"] == room_id


@pytest.mark.parametrize("seed", range(5))
async def test_any_bytes_end_at_worst_their_own_connection(connect: Connect, room_id: str, seed: int) -> None:
    """Good messages with some bytes changed, and frames with some bytes changed; the neighbour goes on."""
    dice = random.Random(seed)
    neighbour = await connect("neighbour")
    await neighbour.ok("create-room", roomId=room_id, name="Next door")
    for number in range(30):
        client = await connect("monkey")
        await client.ok("join-room", roomId=room_id)
        for _ in range(10):
            text = json.dumps({"type": dice.choice(KINDS[6:]), "id": 1, "sdp": "v=0", "data": {"a": [1, "é"]}})
            message = bytearray(text.encode())
            for _ in range(dice.randint(1, 3)):
                message[dice.randrange(len(message))] = dice.randrange(256)
            wire = frame(TEXT, bytes(message))
            if number % 2:
                wire = bytes([*wire[:2], *(byte ^ (dice.random() < 0.02) for byte in wire[2:])])
            with suppress(trio.BrokenResourceError):
                await client.send_bytes(wire)
        await client.drop()
    await neighbour.pending()
    assert (await neighbour.ok("message", data=1))["delivered"] <= 30
