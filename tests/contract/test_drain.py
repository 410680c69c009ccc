"""PROTOCOL.md 1, 4, 5 and 7: what SIGTERM does, and what is there after the restart."""

import signal
import time

import pytest
import trio

from tests.conftest import StartServer
from tests.contract.conftest import Connect, Meet
from tests.harness.client import Closed, refused_upgrade
from tests.harness.http import UPGRADE, open_api, open_raw_http
from tests.harness.rows import rows
from tests.harness.tokens import mint

RESTART = Closed(1012, "service-restart")
HALF_A_REQUEST = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
OPEN_ROWS = "SELECT count(*) FROM room_participants WHERE left_at IS NULL"


async def test_every_client_is_told_and_closed_with_1012(connect: Connect, start_server: StartServer) -> None:
    """`server-shutdown` with spread `reconnectAfterMs` and a reason, close 1012, exit code 0."""
    draining = start_server()
    clients = [await connect(f"c{number}", at=draining) for number in range(20)]
    await clients[0].ok("create-room", name="Drained")
    draining.terminate()
    delays = []
    for client in clients:
        event = await client.event("server-shutdown")
        delays.append(event["reconnectAfterMs"])
        assert isinstance(event["reason"], str)
        assert event["reason"]
        assert await client.closed() == RESTART
    assert min(delays) >= 0
    assert len(set(delays)) > 1, "all would return at once"
    assert await draining.exit_code() == 0


async def test_members_leave_for_the_reason_of_the_shutdown(meet: Meet, start_server: StartServer) -> None:
    """A `user-left` on the way out says `server-shutdown`; no row stays open."""
    draining = start_server()
    members = await meet("ann", "bob", "cy", at=draining)
    draining.terminate()
    for member in members:
        assert await member.closed() == RESTART
        reasons = {m.body["reason"] for m in member.waiting if m.body["type"] == "user-left"}
        assert reasons <= {"server-shutdown"}
    assert await draining.exit_code() == 0
    assert rows(draining.data_dir, "SELECT count(*) FROM room_participants") == [(3,)]
    assert rows(draining.data_dir, OPEN_ROWS) == [(0,)]


async def test_http_is_answered_while_draining(connect: Connect, start_server: StartServer) -> None:
    """/readyz 503 with reasons, the API and /healthz as ever, upgrades 503 UNAVAILABLE with Retry-After."""
    draining = start_server(DRAIN_SECONDS="8")
    client = await connect(at=draining)
    async with open_raw_http(draining) as holder, open_api(draining) as api:
        # A peer that never answers the close holds the drain open until its deadline.
        upgraded = await holder.exchange("GET", f"/ws?token={mint()}", UPGRADE)
        assert upgraded.status == 101
        draining.terminate()
        await client.event("server-shutdown")
        readiness = await api.call("GET", "/readyz")
        assert readiness.status_code == 503
        assert len(readiness.json()) > 0
        assert (await api.call("GET", "/healthz")).status_code == 200
        await api.ok("GET", "/api/rooms", mint())
        refusal = await refused_upgrade(draining, headers=[("Authorization", f"Bearer {mint()}")])
        assert refusal.code == "UNAVAILABLE"
        assert int(refusal.headers["retry-after"]) > 0
    assert await draining.exit_code() == 0


async def test_a_drain_is_bounded_whatever_the_peers_do(start_server: StartServer) -> None:
    """Peers that read nothing and half-sent requests: over within DRAIN_SECONDS + 5 s."""
    draining = start_server(DRAIN_SECONDS="1")
    async with (
        open_raw_http(draining) as deaf,
        open_raw_http(draining) as half,
        open_raw_http(draining) as idle,
    ):
        assert (await deaf.exchange("GET", f"/ws?token={mint()}", UPGRADE)).status == 101
        await half.stream.send_all(HALF_A_REQUEST)
        assert (await idle.exchange("GET", "/healthz")).status == 200
        start = time.monotonic()
        draining.terminate()
        assert await draining.exit_code() == 0
        assert time.monotonic() - start < 1 + 5


async def test_a_drained_server_without_clients_ends_at_once(start_server: StartServer) -> None:
    """It does not wait for DRAIN_SECONDS when nobody is there."""
    draining = start_server(DRAIN_SECONDS="60")
    draining.terminate()
    assert await draining.exit_code() == 0


async def test_sigint_drains_as_sigterm_does(connect: Connect, start_server: StartServer) -> None:
    """Ctrl-C: told, closed with 1012, exit code 0."""
    draining = start_server()
    client = await connect(at=draining)
    draining.process.send_signal(signal.SIGINT)
    await client.event("server-shutdown")
    assert await client.closed() == RESTART
    assert await draining.exit_code() == 0


async def test_a_second_signal_cuts(start_server: StartServer) -> None:
    """Who cannot wait for the drain signals again."""
    draining = start_server(DRAIN_SECONDS="60")
    async with open_raw_http(draining) as deaf:
        assert (await deaf.exchange("GET", f"/ws?token={mint()}", UPGRADE)).status == 101
        draining.terminate()
        with trio.fail_after(10):
            while await trio.to_thread.run_sync(draining.ready_status) != 503:
                pass
        draining.terminate()
        await draining.exit_code()


@pytest.mark.parametrize("end", ["drain", "crash"])
async def test_rooms_can_be_joined_after_a_restart(
    meet: Meet, connect: Connect, start_server: StartServer, end: str
) -> None:
    """A room left empty by a shutdown or a crash is listed and joined as it was, without its people."""
    first = start_server()
    ann, bob = await meet("ann", "bob", at=first)
    if end == "drain":
        await first.stopped()
    else:
        first.kill()
    second = start_server(data_dir=first.data_dir)
    again = await connect("bob", at=second, user_id=bob.user_id)
    (listed,) = (await again.ok("list-rooms"))["rooms"]
    assert (listed["roomId"], listed["users"], listed["ownerId"]) == (ann.room_id, 0, ann.user_id)
    joined = await again.ok("join-room", roomId=ann.room_id)
    assert (joined["name"], joined["ownerId"]) == ("Room of ann", ann.user_id)
    assert joined["existingUsers"] == []
    owner = await connect("ann", at=second, user_id=ann.user_id)
    members = (await owner.ok("join-room", roomId=ann.room_id))["existingUsers"]
    assert [member["peerId"] for member in members] == [again.peer_id]
    await owner.ok("close-room")


async def test_rows_left_open_by_a_crash_are_closed_at_the_next_start(meet: Meet, start_server: StartServer) -> None:
    """SIGKILL runs no goodbye: `left_at` becomes the last sign of life, with a duration."""
    first = start_server()
    await meet("ann", "bob", "cy", at=first)
    first.kill()
    killed_at = time.time()
    assert rows(first.data_dir, OPEN_ROWS) == [(3,)]
    second = start_server(data_dir=first.data_dir)
    with trio.fail_after(10):
        while rows(second.data_dir, OPEN_ROWS) != [(0,)]:
            await trio.lowlevel.checkpoint()
    stays = rows(second.data_dir, "SELECT joined_at, left_at, duration_seconds FROM room_participants")
    assert len(stays) == 3
    for joined_at, left_at, duration in stays:
        assert joined_at <= left_at <= killed_at + 1
        assert duration == pytest.approx(left_at - joined_at, abs=1)


async def test_a_room_closed_before_the_restart_stays_closed(
    meet: Meet, connect: Connect, start_server: StartServer
) -> None:
    """Neither listed nor joined."""
    first = start_server()
    (ann,) = await meet("ann", at=first)
    await ann.ok("close-room")
    await ann.leave()
    await first.stopped()
    second = start_server(data_dir=first.data_dir)
    client = await connect(at=second)
    assert (await client.ok("list-rooms"))["rooms"] == []
    assert (await client.refused("join-room", roomId=ann.room_id))["code"] == "ROOM_NOT_FOUND"


async def test_a_room_that_stays_empty_is_closed(meet: Meet, connect: Connect, start_server: StartServer) -> None:
    """After ROOM_IDLE_SECONDS without anyone it is gone from the lists."""
    first = start_server()
    (ann,) = await meet("ann", at=first)
    await first.stopped()
    second = start_server(data_dir=first.data_dir, ROOM_IDLE_SECONDS="1")
    client = await connect(at=second)
    with trio.fail_after(10):
        while (await client.ok("list-rooms"))["rooms"]:
            pass
    assert (await client.refused("join-room", roomId=ann.room_id))["code"] == "ROOM_NOT_FOUND"
