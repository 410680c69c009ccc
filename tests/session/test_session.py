"""One connection from welcome to goodbye: who it is, what is due, what ends it."""

import pytest
import trio
from trio.testing import MockClock

from tests.session.memory import EPOCH, MemoryLink, MemoryStore, connect, identity, open_test_node, token
from trio_signal.auth import auth_error
from trio_signal.protocol.frames import text_frame


async def test_the_welcome_comes_first(autojump_clock: MockClock) -> None:
    """A peer with a good token is welcomed before anything else."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, connection = connect(nursery, node, identity(7))
        welcome = await link.hear("welcome")
        assert (welcome["peerId"], welcome["userId"]) == (connection.peer_id, 7)
        link.hang_up()


async def test_a_bad_token_is_told_and_closed(autojump_clock: MockClock) -> None:
    """Behind an upgrade a bad token gets an error, then 4501."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, None)
        nursery.start_soon(connection_ends, link)
        link.say(type="authenticate", token="nonsense")
        assert (await link.hear("error"))["error"]["code"] == "AUTH_ERROR"
    assert link.closed == (4501, "unauthorized")


async def test_a_refused_token_of_the_upgrade_is_told(autojump_clock: MockClock) -> None:
    """What was wrong with a token in the query is said in an error event."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, auth_error("no"))  # type: ignore[arg-type]
        assert (await link.hear("error"))["error"]["message"] == "no"
    assert link.closed == (4501, "unauthorized")


async def test_no_token_in_time(autojump_clock: MockClock) -> None:
    """Who says nothing for AUTH_TIMEOUT is closed."""
    async with open_test_node(auth_timeout_s=10.0) as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, None)
        start = trio.current_time()
        assert (await link.hear("error"))["error"]["code"] == "AUTH_ERROR"
        assert trio.current_time() - start == pytest.approx(10)
    assert link.closed == (4501, "unauthorized")


async def test_the_first_message_may_bring_the_token(autojump_clock: MockClock) -> None:
    """The welcome comes before the reply."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, None)
        link.say(type="authenticate", token=token(node.now(), 5), id="first")
        assert (await link.hear("welcome"))["userId"] == 5
        assert (await link.hear("reply"))["id"] == "first"
        link.hang_up()


async def test_a_peer_that_answers_pings_stays(autojump_clock: MockClock) -> None:
    """An idle hour with pongs ends nothing."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, connection = connect(nursery, node, identity())
        await link.hear("welcome")
        await trio.sleep(3600)
        assert not connection.ended
        link.hang_up()


async def test_a_peer_that_does_not_answer_is_dead(autojump_clock: MockClock) -> None:
    """25 s until the ping, 10 s for the pong, then 4008, and the others hear `timeout`."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        alive, _ = connect(nursery, node, identity(1))
        await alive.hear("welcome")
        await alive.ask(type="create-room", roomId="room", name="Room")
        dead, _ = connect(nursery, node, identity(2))
        start = trio.current_time()
        dead.answers_pings = False
        await dead.hear("welcome")
        await dead.ask(type="join-room", roomId="room")
        await alive.hear("user-joined")
        assert (await alive.hear("user-left"))["reason"] == "timeout"
        assert trio.current_time() - start == pytest.approx(35)
        alive.hang_up()
    assert dead.closed == (4008, "heartbeat-timeout")


async def test_a_token_is_announced_and_expires(autojump_clock: MockClock) -> None:
    """`token-expiring` 60 s before; then TOKEN_EXPIRED and 4001."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, identity(expires_at=node.now() + 300))
        await link.hear("welcome")
        start = trio.current_time()
        await link.hear("token-expiring")
        assert trio.current_time() - start == pytest.approx(240)
        assert (await link.hear("error"))["error"]["code"] == "TOKEN_EXPIRED"
        assert trio.current_time() - start == pytest.approx(300)
    assert link.closed == (4001, "token-expired")


async def test_a_short_token_is_announced_at_once(autojump_clock: MockClock) -> None:
    """With less than 60 s left at connect, the notice comes right behind the welcome."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, identity(expires_at=node.now() + 20))
        await link.hear("welcome")
        assert (await link.hear("token-expiring"))["tokenExpiresAt"] == int(EPOCH + 20)
        link.hang_up()


async def test_a_renewed_token_lasts(autojump_clock: MockClock) -> None:
    """`authenticate` on the live socket moves the expiry."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, connection = connect(nursery, node, identity(1, expires_at=node.now() + 100))
        await link.hear("welcome")
        reply = await link.ask(type="authenticate", token=token(node.now(), 1, ttl_s=1000))
        assert reply["tokenExpiresAt"] == int(EPOCH + 1000)
        await trio.sleep(500)
        assert not connection.ended
        assert link.heard() == []
        link.hang_up()


async def test_another_users_token_ends_it(autojump_clock: MockClock) -> None:
    """A live connection does not change hands: AUTH_ERROR, 4501."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, identity(1))
        await link.hear("welcome")
        assert (await link.ask(type="authenticate", token=token(node.now(), 2)))["error"]["code"] == "AUTH_ERROR"
    assert link.closed == (4501, "unauthorized")


async def test_turn_credentials_are_pushed_before_they_lapse(autojump_clock: MockClock) -> None:
    """Fresh `ice-servers` come while the old ones are still good."""
    turn = {"turn_urls": ("turn:turn.example:3478",), "turn_secret": "s", "turn_ttl_s": 100}
    async with open_test_node(**turn) as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, identity())
        first = (await link.hear("welcome"))["iceExpiresAt"]
        pushed = await link.hear("ice-servers")
        assert node.now() < first < pushed["iceExpiresAt"]
        link.hang_up()


async def test_a_slow_consumer_is_closed_alone(autojump_clock: MockClock) -> None:
    """Over the outbox's bound: 4013 for the one that does not read, nothing for the others."""
    async with open_test_node(outbox_messages=50) as node, trio.open_nursery() as nursery:
        talker, _ = connect(nursery, node, identity(1))
        listener, _ = connect(nursery, node, identity(2))
        slow, _ = connect(nursery, node, identity(3))
        await talker.hear("welcome")
        await talker.ask(type="create-room", roomId="room", name="Room")
        for link in (listener, slow):
            await link.ask(type="join-room", roomId="room")
        slow.stuck = True
        delivered = [(await talker.ask(type="message", data=number))["delivered"] for number in range(80)]
        assert delivered[0] == 2
        assert delivered[-1] == 1
        heard = [message["data"] for message in listener.heard() if message["type"] == "message"]
        assert heard == list(range(80))
        slow.stuck = False
        await trio.sleep(1)
        assert slow.closed == (4013, "slow-consumer")
        had = [message["data"] for message in slow.heard() if message["type"] == "message"]
        assert had == list(range(len(had))), "what a slow consumer still gets has no gap"
        talker.hang_up()
        listener.hang_up()


async def test_a_peer_that_never_reads_is_let_go(autojump_clock: MockClock) -> None:
    """The close handshake of a slow consumer is bounded by CLOSE_TIMEOUT."""
    async with open_test_node(outbox_messages=5, close_timeout_s=5.0) as node, trio.open_nursery() as nursery:
        talker, _ = connect(nursery, node, identity(1))
        slow, connection = connect(nursery, node, identity(2))
        await talker.hear("welcome")
        await talker.ask(type="create-room", roomId="room", name="Room")
        await slow.ask(type="join-room", roomId="room")
        slow.stuck = True
        for number in range(20):
            await talker.ask(type="message", data=number)
        start = trio.current_time()
        while connection in node.connections:
            await trio.sleep(0.5)
        assert trio.current_time() - start <= 6
        talker.hang_up()


async def test_a_fault_of_ours_ends_one_connection(autojump_clock: MockClock) -> None:
    """An exception in a request is an INTERNAL_ERROR without inner words, and 1011; the others do not notice."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        other, _ = connect(nursery, node, identity(2))
        link, connection = connect(nursery, node, identity(1))
        await link.hear("welcome")
        connection.fail(RuntimeError("the inner word"))
        error = (await link.hear("error"))["error"]
        assert error["code"] == "INTERNAL_ERROR"
        assert "inner" not in error["message"]
        await other.hear("welcome")
        assert (await other.ask(type="ping"))["success"]
        other.hang_up()
    assert link.closed == (1011, "internal-error")


async def test_a_broken_socket_ends_quietly(autojump_clock: MockClock) -> None:
    """A socket that takes nothing more is over once its reader sees it; no frame is kept for it."""
    async with open_test_node() as node, trio.open_nursery() as nursery:
        link, connection = connect(nursery, node, identity())
        await link.hear("welcome")
        link.broken = True
        connection.send(b"{}")
        await trio.sleep(1)
        assert not connection.outbox.put(text_frame(b"{}"))
        link.hang_up()


async def test_the_store_is_away(autojump_clock: MockClock) -> None:
    """Joins and creates get UNAVAILABLE within 2 s; the connection lives, and the next try works."""
    store = MemoryStore()
    async with open_test_node(store) as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, identity())
        await link.hear("welcome")
        await link.ask(type="create-room", roomId="room-one", name="Room")
        await link.ask(type="leave-room")
        store.away = True
        start = trio.current_time()
        reply = await link.ask(type="create-room", roomId="room-two", name="Room")
        assert (reply["error"]["code"], reply["error"]["retryable"]) == ("UNAVAILABLE", True)
        assert trio.current_time() - start < 2
        store.away = False
        assert (await link.ask(type="create-room", roomId="room-two", name="Room"))["success"]
        link.hang_up()
    assert store.open_rows == []


async def test_requests_behind_a_waiting_one_keep_their_order(autojump_clock: MockClock) -> None:
    """A join that waits for the store is answered before the ping behind it."""
    store = MemoryStore()
    store.latency_s = 0.5
    async with open_test_node(store) as node, trio.open_nursery() as nursery:
        link, _ = connect(nursery, node, identity())
        await link.hear("welcome")
        link.say(type="create-room", name="Room", id="create")
        link.say(type="ping", id="ping")
        link.say(type="leave-room", id="leave")
        assert [(await link.hear("reply"))["id"] for _ in range(3)] == ["create", "ping", "leave"]
        link.hang_up()


async def connection_ends(link: MemoryLink) -> None:
    while link.closed is None:
        await trio.sleep(0.01)
