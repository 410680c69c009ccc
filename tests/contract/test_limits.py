"""PROTOCOL.md 6: rate limits, by default and configured, and what flooding leads to."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from trio_websocket import ConnectionClosed

from tests.contract.conftest import Connect
from tests.harness.client import Client, Closed, Json
from tests.harness.http import open_api
from tests.harness.server import LIMITS, Server, serving


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the limits of the contract, but for connection attempts."""
    env: dict[str, Any] = {f"RATE_LIMIT_{name}": None for name in LIMITS}
    with serving(tmp_path_factory.mktemp("default"), **env | {"RATE_LIMIT_CONNECTIONS": "0"}) as server:
        yield server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small limits."""
    with serving(
        tmp_path_factory.mktemp("strict"),
        RATE_LIMIT_CREATE_ROOM="2",
        RATE_LIMIT_JOIN_ROOM="3",
        RATE_LIMIT_REQUESTS="5",
        RATE_LIMIT_FLOOD="25",
        RATE_LIMIT_AUTH="3",
    ) as server:
        yield server


async def answers(client: Client, count: int, kind: str, **fields: object) -> list[str]:
    """Send `count` requests in one go; return each answer as `ok` or an error code."""
    for number in range(count):
        await client.send({"type": kind, "id": f"n{number}", **fields})
    replies = [await client.reply(f"n{number}") for number in range(count)]
    return ["ok" if reply["success"] else checked_limit(reply["error"]) for reply in replies]


def checked_limit(error: Json) -> str:
    if error["code"] == "RATE_LIMIT":
        assert 0 < error["details"]["retryAfterMs"] <= 60_000, error
        assert error["retryable"] is True
    return str(error["code"])


async def test_create_room_five_a_minute(connect: Connect, default: Server) -> None:
    """The sixth is refused and makes no room."""
    client = await connect(at=default)
    for number in range(5):
        await client.ok("create-room", roomId=f"five-{number}", name="Five")
        await client.ok("leave-room")
    error = await client.refused("create-room", roomId="five-5", name="Six")
    assert checked_limit(error) == "RATE_LIMIT"
    assert (await client.refused("leave-room"))["code"] == "NOT_IN_ROOM"
    assert (await client.refused("join-room", roomId="five-5"))["code"] == "ROOM_NOT_FOUND"


async def test_join_room_twenty_a_minute(connect: Connect, default: Server) -> None:
    """The twenty-first is refused, even for a room that does not exist."""
    client = await connect(at=default)
    assert await answers(client, 21, "join-room", roomId="nowhere") == ["ROOM_NOT_FOUND"] * 20 + ["RATE_LIMIT"]


async def test_list_rooms_thirty_a_minute(connect: Connect, default: Server) -> None:
    """The thirty-first is refused."""
    client = await connect(at=default)
    assert await answers(client, 31, "list-rooms") == ["ok"] * 30 + ["RATE_LIMIT"]


async def test_requests_have_a_burst_of_two_hundred(connect: Connect, default: Server) -> None:
    """Of 350 at once at least 200 are served, and not all."""
    client = await connect(at=default)
    codes = await answers(client, 350, "ping")
    assert codes[:200] == ["ok"] * 200
    assert "RATE_LIMIT" in codes


async def test_login_and_register_ten_a_minute(default: Server) -> None:
    """Together, per address: what comes at once after ten is 429."""
    async with open_api(default) as api:
        for number in range(5):
            account = {"username": "ten", "email": f"ten-{number}@example.org", "password": "long enough"}
            await api.ok("POST", "/api/auth/register", json=account, status=201)
            await api.ok("POST", "/api/auth/login", json=account)
        statuses = [(await api.call("POST", "/api/auth/login", json=account)).status_code for _ in range(3)]
    assert 429 in statuses, "hashing takes time, and one of them may have been earned meanwhile"


async def test_limits_are_a_users_not_a_connections(connect: Connect, strict: Server) -> None:
    """Two connections of one user share one allowance; another user has an own one."""
    one, two = await connect(user_id="shared", at=strict), await connect(user_id="shared", at=strict)
    await one.ok("create-room", name="First")
    await two.ok("create-room", name="Second")
    await one.ok("leave-room")
    assert checked_limit(await one.refused("create-room", name="Third")) == "RATE_LIMIT"
    await (await connect("other", at=strict)).ok("create-room", name="Own")


async def test_a_limited_join_changes_nothing(connect: Connect, strict: Server, room_id: str) -> None:
    """Over the limit the room does not hear of it, and without an id there is an `error`."""
    host, guest = await connect("host", at=strict), await connect("guest", at=strict)
    await host.ok("create-room", roomId=room_id, name="Limited")
    for _ in range(3):
        await guest.refused("join-room", roomId=f"{room_id}-other")
    await guest.send({"type": "join-room", "roomId": room_id})
    message = await guest.event("error")
    assert (message["request"], checked_limit(message["error"])) == ("join-room", "RATE_LIMIT")
    assert await host.pending() == []


async def test_the_limit_of_requests_is_each_connections_own(connect: Connect, strict: Server) -> None:
    """One that talks too much is refused, its neighbour of the same user is not; relays count too."""
    loud, calm = await connect(user_id="pair", at=strict), await connect(user_id="pair", at=strict)
    await loud.ok("create-room", name="Loud")
    codes = await answers(loud, 24, "message", data=1)
    assert codes[0] == "ok"
    assert codes[-1] == "RATE_LIMIT"
    await calm.ok("ping")


async def test_who_keeps_flooding_is_closed(connect: Connect, strict: Server) -> None:
    """RATE_LIMIT_FLOOD refusals within 10 s: close 4029."""
    client = await connect(at=strict)
    with suppress(ConnectionClosed):
        for _ in range(60):
            await client.send({"type": "ping"})
    assert await client.closed() == Closed(4029, "rate-limited")


async def test_two_hundred_refusals_end_the_connection_by_default(connect: Connect, default: Server) -> None:
    """The flood limit of the contract."""
    client = await connect(at=default)
    for _ in range(31):
        await client.send({"type": "list-rooms"})
    await client.ok("ping")
    with suppress(ConnectionClosed):
        for number in range(1000):
            await client.send({"type": "list-rooms", "id": f"n{number}"})
    assert await client.closed() == Closed(4029, "rate-limited")
    refusals = [message.body["error"]["code"] for message in (*client.waiting, *client.replies.values())]
    assert set(refusals) == {"RATE_LIMIT"}
    assert 199 <= len(refusals) <= 200


async def test_configured_limit_for_login(strict: Server) -> None:
    """RATE_LIMIT_AUTH: the fourth call is refused, whatever it says."""
    async with open_api(strict) as api:
        for _ in range(3):
            login = {"email": "nobody@example.org", "password": "not the word"}
            await api.refused("AUTH_ERROR", "POST", "/api/auth/login", json=login)
        error = await api.refused("RATE_LIMIT", "POST", "/api/auth/login", json={})
        assert checked_limit(error) == "RATE_LIMIT"


async def test_zero_turns_a_limit_off(connect: Connect) -> None:
    """The shared server has none: five hundred requests, thirty creates."""
    client = await connect()
    assert await answers(client, 500, "ping") == ["ok"] * 500
    for _ in range(30):
        await client.ok("create-room", name="Unlimited")
        await client.ok("leave-room")
