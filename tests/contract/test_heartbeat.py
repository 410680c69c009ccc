"""PROTOCOL.md 4 and 5: who does not answer the server's pings is timed out with 4008."""

from collections.abc import Iterator

import pytest
import trio

from tests.contract.conftest import Meet
from tests.harness.client import DEADLINE_S
from tests.harness.frames import PING, TEXT, frame, read_to_close
from tests.harness.http import UPGRADE, open_raw_http
from tests.harness.server import Server, serving
from tests.harness.tokens import mint


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that pings every half second and gives up half a second later."""
    with serving(tmp_path_factory.mktemp("brisk"), HEARTBEAT_SECONDS="0.5", PONG_TIMEOUT="0.5") as server:
        yield server


async def test_a_silent_peer_is_timed_out_and_its_room_is_told(brisk: Server, meet: Meet) -> None:
    """No pong: close 4008 `heartbeat-timeout`, `user-left` with reason `timeout`; who answers stays."""
    ann, bob = await meet("ann", "bob", at=brisk)
    async with open_raw_http(brisk) as silent:
        assert (await silent.exchange("GET", f"/ws?token={mint('silent')}", UPGRADE)).status == 101
        await silent.stream.send_all(frame(TEXT, f'{{"type":"join-room","roomId":"{ann.room_id}"}}'))
        joined = await ann.event("user-joined")
        with trio.fail_after(DEADLINE_S):
            heard, closed = await read_to_close(silent.stream)
    left = await ann.event("user-left")
    assert (left["peerId"], left["reason"]) == (joined["peerId"], "timeout")
    assert PING in heard
    assert closed == (4008, "heartbeat-timeout")
    assert [event["type"] for event in await bob.pending()] == ["user-joined", "user-left"]


async def test_the_welcome_announces_the_heartbeat(brisk: Server, meet: Meet) -> None:
    """`heartbeatSeconds` is what is configured."""
    (ann,) = await meet("ann", at=brisk)
    assert ann.welcome["heartbeatSeconds"] == 0.5
