"""PROTOCOL.md 1, 3 and 4: ICE servers in the welcome, asked for, and pushed; and `ping`."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import Connect
from tests.harness.server import Server, serving

STUN = [{"urls": ["stun:stun.example.org:3478"]}]
TURN_URLS = ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"]
TURN_SECRET = "a-secret-shared-with-coturn"
TTL_S = 600


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with STUN and TURN."""
    with serving(
        tmp_path_factory.mktemp("turning"),
        ICE_SERVERS=json.dumps(STUN),
        TURN_URLS=",".join(TURN_URLS),
        TURN_SECRET=TURN_SECRET,
        TURN_TTL_SECONDS=str(TTL_S),
    ) as server:
        yield server


def assert_turn(offer: dict[str, Any], peer_id: str, ttl_s: int) -> None:
    """STUN as configured, and TURN with `expiry:peerId` signed by the shared secret (the TURN REST draft)."""
    stun, turn = offer["iceServers"]
    assert stun == STUN[0]
    assert turn["urls"] == TURN_URLS
    expiry, _, name = turn["username"].partition(":")
    assert name == peer_id
    assert int(expiry) == offer["iceExpiresAt"] == pytest.approx(time.time() + ttl_s, abs=5)
    digest = hmac.new(TURN_SECRET.encode(), turn["username"].encode(), hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(digest).decode()


async def test_the_welcome_brings_turn_credentials(connect: Connect, turning: Server) -> None:
    """`iceServers` and `iceExpiresAt` in the welcome."""
    client = await connect(at=turning)
    assert_turn(client.welcome, client.peer_id, TTL_S)


async def test_fresh_credentials_are_given_on_request(connect: Connect, turning: Server) -> None:
    """`ice-servers` replies with the same shape."""
    client = await connect(at=turning)
    assert_turn(await client.ok("ice-servers"), client.peer_id, TTL_S)


async def test_each_peer_has_credentials_of_its_own(connect: Connect, turning: Server) -> None:
    """They name the peer."""
    ann, bob = await connect("ann", at=turning), await connect("bob", at=turning)
    assert (await ann.ok("ice-servers"))["iceServers"][1] != (await bob.ok("ice-servers"))["iceServers"][1]


async def test_credentials_are_pushed_before_they_lapse(connect: Connect, start_server: Any) -> None:
    """Event `ice-servers`, while the ones before are still good, expiring later than they."""
    brief = start_server(
        ICE_SERVERS=json.dumps(STUN),
        TURN_URLS=",".join(TURN_URLS),
        TURN_SECRET=TURN_SECRET,
        TURN_TTL_SECONDS="3",
    )
    client = await connect(at=brief)
    pushed = await client.event("ice-servers")
    assert time.time() < client.welcome["iceExpiresAt"]
    assert pushed["iceExpiresAt"] > client.welcome["iceExpiresAt"]
    assert_turn(pushed, client.peer_id, 3)


async def test_without_turn_nothing_expires(connect: Connect) -> None:
    """`iceExpiresAt` is null."""
    reply = await (await connect()).ok("ice-servers")
    assert isinstance(reply["iceServers"], list)
    assert reply["iceExpiresAt"] is None


async def test_ping_tells_the_time(connect: Connect) -> None:
    """`serverTime` in Unix seconds."""
    reply = await (await connect()).ok("ping")
    assert reply["serverTime"] == pytest.approx(time.time(), abs=5)
