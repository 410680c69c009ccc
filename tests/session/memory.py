"""A link, a store and a node in memory, for sessions under the autojump clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from trio_signal.auth import TokenPolicy, mint_token
from trio_signal.config import Config
from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import NodeId, RoomId, UserId
from trio_signal.domain.room import RoomInfo
from trio_signal.server import make_node
from trio_signal.session.connection import Connection
from trio_signal.session.link import Handler, LinkBroken
from trio_signal.session.node import Node
from trio_signal.session.outbox import Outbox
from trio_signal.store.base import (
    CloseRoom,
    CloseRow,
    CreateRoom,
    HistoryRow,
    IdleRoom,
    OpenRow,
    Outcome,
    StoreUnavailable,
    UserRow,
    Write,
)
from trio_signal.store.journal import open_journal

SECRET = "a secret of thirty-two bytes or more"
EPOCH = 1_790_000_000.0


class MemoryStore:
    """`Store` without a database: dicts, with a few checkpoints where a real one would wait."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.rooms: dict[RoomId, tuple[RoomInfo, str]] = {}
        self.users: dict[str, int] = {}
        self.away = False
        self.latency_s = 0.0

    async def _work(self) -> None:
        for _ in range(2):
            await trio.lowlevel.checkpoint()
        if self.latency_s:
            await trio.sleep(self.latency_s)
        if self.away:
            raise StoreUnavailable("away")

    @property
    def open_rows(self) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["left_at"] is None]

    async def write(self, batch: Sequence[Write]) -> list[Outcome]:
        await self._work()
        return [self._write(one) for one in batch]

    def _write(self, one: Write) -> Outcome:
        match one:
            case OpenRow():
                if self.rooms[one.room_id][1] != "active":
                    return Outcome.ROOM_GONE
                self.rows.setdefault(one.entry_id, {"joined_at": one.joined_at, "left_at": None, "room": one.room_id})
            case CloseRow():
                row = self.rows.get(one.entry_id)
                if row is not None and row["left_at"] is None:
                    row["left_at"] = one.left_at
            case CreateRoom():
                if self.rooms.get(one.info.room_id, (None, "closed"))[1] == "active":
                    return Outcome.TAKEN
                self.rooms[one.info.room_id] = (one.info, "active")
                return self._write(one.first)
            case CloseRoom():
                self.rooms[one.room_id] = (self.rooms[one.room_id][0], "closed")
        return Outcome.DONE

    async def active_rooms(self) -> list[IdleRoom]:
        return [IdleRoom(info, info.created_at) for info, status in self.rooms.values() if status == "active"]

    async def find_active_room(self, room_id: RoomId) -> IdleRoom | None:
        await self._work()
        info, status = self.rooms.get(room_id, (None, "closed"))
        return IdleRoom(info, info.created_at) if info is not None and status == "active" else None

    async def find_room(self, room_id: RoomId) -> RoomInfo | None:
        await self._work()
        return self.rooms[room_id][0] if room_id in self.rooms else None

    async def user_row_of(self, identity: Identity, now: float) -> int:  # noqa: ARG002 - the store's signature
        await self._work()
        return self.users.setdefault(identity.external_id, len(self.users) + 1)

    async def add_user(self, username: str, email: str, password_hash: str, now: float) -> UserRow | None:
        raise NotImplementedError

    async def find_user(self, email: str) -> UserRow | None:
        raise NotImplementedError

    async def note_login(self, row: int, now: float) -> None:
        raise NotImplementedError

    async def history(self, room_id: RoomId, after: int, limit: int) -> list[HistoryRow]:
        raise NotImplementedError

    async def close_left_open(self) -> int:
        return 0

    async def note_alive(self, node_id: NodeId, now: float) -> None:
        pass

    async def ping(self) -> None:
        pass


class MemoryLink:
    """One end is the session's Link, the other a client in the same process."""

    def __init__(self) -> None:
        self._to_server, self._from_client = trio.open_memory_channel[bytes](100)
        self._to_client, self._from_server = trio.open_memory_channel[dict[str, Any]](10_000)
        self._handler: Handler | None = None
        self._buffer = b""
        self.stuck = False
        self.broken = False
        self.answers_pings = True
        self.closed: tuple[int, str] | None = None

    # The session's side

    def attach(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def write(self, data: bytes) -> int:
        if self.broken:
            raise LinkBroken
        if self.stuck:
            return 0
        self._take(data)
        return len(data)

    async def write_all(self, data: bytes) -> None:
        while self.stuck:
            await trio.sleep(0.1)
        if self.broken:
            raise LinkBroken
        self._take(data)

    async def serve(self, handler: Handler) -> int:
        self._handler = handler
        async for message in self._from_client:
            request = handler.deliver(message)
            if request is not None:
                await handler.finish(request)
        return 1006

    def stop(self) -> None:
        pass

    async def close(self, code: int, reason: str) -> None:
        await self.outbox.write_through(b"\x88\x00")
        self.closed = (code, reason)

    # The client's side

    def _take(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 2:
            size, start = self._buffer[1], 2
            if size == 126:
                size, start = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < start + size:
                return
            first, payload = self._buffer[0], self._buffer[start : start + size]
            self._buffer = self._buffer[start + size :]
            if first == 0x81:
                self._to_client.send_nowait(msgspec.json.decode(payload))
            elif first == 0x89 and self.answers_pings and self._handler is not None:
                self._handler.pong()

    def say(self, **message: Any) -> None:
        self._to_server.send_nowait(msgspec.json.encode(message))

    async def hear(self, kind: str | None = None) -> dict[str, Any]:
        """The next message; of this type, if one is given: what comes before it is an error."""
        with trio.fail_after(1000):
            message = await self._from_server.receive()
        assert kind in (None, message["type"]), message
        return message

    async def ask(self, **message: Any) -> dict[str, Any]:
        """The reply to a request, past any events."""
        self.say(**message, id=1)
        while (heard := await self.hear())["type"] != "reply":
            pass
        return heard

    def heard(self) -> list[dict[str, Any]]:
        """Everything that has come so far."""
        messages = []
        try:
            while True:
                messages.append(self._from_server.receive_nowait())
        except trio.WouldBlock:
            return messages

    def hang_up(self) -> None:
        self._to_server.close()


@asynccontextmanager
async def open_test_node(store: MemoryStore | None = None, **settings: Any) -> AsyncIterator[Node]:
    """A node with its shared tasks, on the memory store; the wall clock is Trio's."""
    store = store or MemoryStore()
    start = trio.current_time()
    config = Config(jwt_secret=SECRET, ice_servers=(), **{"rate_requests": 0, **settings})
    async with open_journal(store, timeout_s=config.store_timeout_s, flush_s=3) as journal:
        node = make_node(config, store, journal, lambda: EPOCH + trio.current_time() - start)
        node.ready = True
        async with trio.open_nursery() as services:
            services.start_soon(node.egress.run)
            services.start_soon(node.timers.run)
            yield node
            services.cancel_scope.cancel()


def identity(user_id: UserId = 1, **values: Any) -> Identity:
    return Identity(user_id, f"user {user_id}", **{"expires_at": EPOCH + 86400, **values})


def token(now: float, user_id: UserId = 1, ttl_s: int = 3600) -> str:
    policy = TokenPolicy(SECRET)
    return mint_token(policy, user_id=user_id, username=f"user {user_id}", role=Role.USER, now=now, ttl_s=ttl_s)[0]


def connect(nursery: trio.Nursery, node: Node, who: Identity | None) -> tuple[MemoryLink, Connection]:
    """A connection at work in the nursery, and the client's end of its link."""
    link, connection = MemoryLink(), Connection(node, "192.0.2.1")

    async def open_link(_nursery: trio.Nursery) -> MemoryLink:
        await trio.lowlevel.checkpoint()
        return link

    nursery.start_soon(connection.run, open_link, who)
    return link, connection
