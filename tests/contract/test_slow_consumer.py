"""PROTOCOL.md 5: a peer that does not read is given up (4013), and its room is not held up."""

import trio

from tests.contract.conftest import Meet
from tests.harness.client import DEADLINE_S, Client
from tests.harness.frames import TEXT, frame, read_to_close
from tests.harness.http import UPGRADE, open_raw_http
from tests.harness.server import Server
from tests.harness.tokens import mint


async def test_a_peer_that_never_reads_is_given_up(server: Server, meet: Meet) -> None:
    """Flooded until its leaving is told; the member that reads got every message; the close says why."""
    ann, bob = await meet("ann", "bob")
    async with open_raw_http(server) as deaf:
        assert (await deaf.exchange("GET", f"/ws?token={mint('deaf')}", UPGRADE)).status == 101
        await deaf.stream.send_all(frame(TEXT, f'{{"type":"join-room","roomId":"{ann.room_id}"}}'))
        await ann.event("user-joined")
        sent = 0
        with trio.fail_after(30):
            while not ann.waiting:
                await ann.ok("message", data=[sent, "x" * 60_000])
                await read_newest(bob, sent)
                sent += 1
        assert (await ann.event("user-left"))["reason"] == "disconnected"
        assert (await ann.ok("message", data="after"))["delivered"] == 1
        with trio.fail_after(DEADLINE_S):
            _, closed = await read_to_close(deaf.stream)
    assert closed == (4013, "slow-consumer")


async def read_newest(client: Client, number: int) -> None:
    """Take the next message, which must be the newest one: none is missing."""
    body = (await client.message()).body
    while body["type"] != "message":
        body = (await client.message()).body
    assert body["data"][0] == number
