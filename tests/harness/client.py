"""A client on trio-websocket that speaks the contract: requests, replies, events in order, close codes."""

import itertools
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

from tests.harness.errors import STATUS, checked
from tests.harness.server import Server

DEADLINE_S = 10.0
MAX_MESSAGE_BYTES = 1 << 22
QUEUED_MESSAGES = 100_000
RELAYED = frozenset({"offer", "answer", "ice-candidate", "signal", "message"})
ROOM_EVENTS = frozenset({"user-joined", "user-left", "user-updated", "room-closed", "kicked"})
OWN_EVENTS = frozenset({"welcome", "token-expiring", "ice-servers", "server-shutdown", "error"})
EVENTS = RELAYED | ROOM_EVENTS | OWN_EVENTS

Json = dict[str, Any]


class Closed(NamedTuple):
    """How the server ended the connection."""

    code: int
    reason: str | None


@attrs.frozen
class Refusal:
    """A refused upgrade: an HTTP status with the JSON error body."""

    status: int
    headers: dict[str, str]
    error: Json

    @property
    def code(self) -> str:
        return str(self.error["code"])


@attrs.frozen
class Message:
    """One text message of the server, as sent and as read."""

    text: str
    body: Json


@attrs.define(eq=False)
class Client:
    """One connection. Used by one task; every wait ends after `DEADLINE_S`."""

    socket: WebSocketConnection
    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]
    welcome: Json = attrs.field(factory=dict)
    room_id: str = ""
    waiting: deque[Message] = attrs.field(factory=deque)
    replies: dict[Any, Message] = attrs.field(factory=dict)
    ids: "itertools.count[int]" = attrs.field(factory=lambda: itertools.count(1))

    @property
    def peer_id(self) -> str:
        return str(self.welcome["peerId"])

    @property
    def user_id(self) -> Any:
        return self.welcome["userId"]

    async def send(self, message: object) -> None:
        """Send a value as JSON, or a string as it is."""
        text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
        with trio.fail_after(DEADLINE_S):
            await self.socket.send_message(text)

    async def send_bytes(self, data: bytes) -> None:
        """Put bytes on the wire past the WebSocket library."""
        with trio.fail_after(DEADLINE_S):
            async with self.socket._stream_lock:  # the library answers pings and closes on this stream too
                await self.stream.send_all(data)

    async def request(self, kind: str, **fields: Any) -> Json:
        """Send a request with an id of its own and return the reply, whatever it says."""
        number = next(self.ids)
        await self.send({"type": kind, "id": number, **fields})
        return await self.reply(number)

    async def reply(self, request_id: int | str) -> Json:
        """Return the reply to a request sent before; events that come meanwhile are kept."""
        with trio.fail_after(DEADLINE_S):
            while request_id not in self.replies:
                self._keep(await self._receive())
        return self.replies.pop(request_id).body

    async def ok(self, kind: str, **fields: Any) -> Json:
        """Send a request that must succeed; return its reply."""
        reply = await self.request(kind, **fields)
        assert reply["success"] is True, reply
        assert "error" not in reply
        return reply

    async def refused(self, kind: str, **fields: Any) -> Json:
        """Send a request that must fail; return its error object."""
        reply = await self.request(kind, **fields)
        assert reply["success"] is False, reply
        return checked(reply["error"])

    async def message(self) -> Message:
        """Return the next message that is not a reply to a request."""
        with trio.fail_after(DEADLINE_S):
            while not self.waiting:
                self._keep(await self._receive())
        return self.waiting.popleft()

    async def event(self, kind: str) -> Json:
        """Return the next event, which must be of this type (types beyond the contract are passed over)."""
        while True:
            body = (await self.message()).body
            if body["type"] in EVENTS:
                assert body["type"] == kind, f"expected {kind}, got {body}"
                return body

    async def error(self) -> Json:
        """Return the error object of the next event, which must be an `error`."""
        return checked((await self.event("error"))["error"])

    async def pending(self) -> list[Json]:
        """Return all events queued for this client before now: what came before the answer to a ping."""
        await self.ok("ping")
        events = [message.body for message in self.waiting]
        self.waiting.clear()
        return events

    async def closed(self) -> Closed:
        """Wait until the server has closed; what came before stays readable by `message`."""
        with trio.fail_after(DEADLINE_S):
            with suppress(ConnectionClosed):
                while True:
                    self._keep(await self._receive())
        assert self.socket.closed is not None
        return Closed(int(self.socket.closed.code), self.socket.closed.reason)

    async def leave(self) -> None:
        """Close with 1000 and wait for the server's answer."""
        with trio.fail_after(DEADLINE_S):
            await self.socket.aclose()

    async def drop(self) -> None:
        """Lose the TCP connection without a close frame."""
        with trio.fail_after(DEADLINE_S):
            await self.stream.aclose()

    async def _receive(self) -> Message:
        text = await self.socket.get_message()
        assert isinstance(text, str), "the server sent a binary message"
        body = json.loads(text)
        assert isinstance(body, dict), text
        assert isinstance(body.get("type"), str), text
        return Message(text, body)

    def _keep(self, message: Message) -> None:
        if message.body["type"] == "reply":
            assert message.body["id"] not in self.replies, "two replies to one request"
            self.replies[message.body["id"]] = message
        else:
            self.waiting.append(message)


@asynccontextmanager
async def open_socket(
    server: Server,
    resource: str = "/ws",
    *,
    headers: Sequence[tuple[str, str]] = (),
    subprotocols: Sequence[str] = (),
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Client]:
    """Open a WebSocket; a refused upgrade raises `ConnectionRejected`."""
    stream: Any = await trio.open_tcp_stream("127.0.0.1", server.port)
    tls = tls or server.tls
    if tls is not None:
        stream = trio.SSLStream(stream, tls, server_hostname="127.0.0.1", https_compatible=True)
    rejection: list[ConnectionRejected] = []
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(DEADLINE_S):
                socket = await wrap_client_stream(
                    nursery,
                    stream,
                    f"127.0.0.1:{server.port}",
                    resource,
                    subprotocols=subprotocols or None,
                    extra_headers=[(name.encode(), value.encode()) for name, value in headers],
                    message_queue_size=QUEUED_MESSAGES,
                    max_message_size=MAX_MESSAGE_BYTES,
                )
            yield Client(socket, stream)
            nursery.cancel_scope.cancel()
    except* ConnectionRejected as group:
        rejection.extend(e for e in group.exceptions if isinstance(e, ConnectionRejected))
    finally:
        await trio.aclose_forcefully(stream)
    if rejection:
        raise rejection[0]


async def refused_upgrade(server: Server, resource: str = "/ws", *, headers: Sequence[tuple[str, str]] = ()) -> Refusal:
    """Try to open a WebSocket that must be refused before the upgrade; return the HTTP answer."""
    with pytest.raises(ConnectionRejected) as caught:
        async with open_socket(server, resource, headers=headers):
            pass
    rejected = caught.value
    names = {name.decode().lower(): value.decode() for name, value in rejected.headers}
    assert names["content-type"].startswith("application/json"), names
    body = json.loads(rejected.body or b"")
    assert body["success"] is False, body
    error = checked(body["error"])
    assert rejected.status_code == STATUS[error["code"]], rejected
    return Refusal(rejected.status_code, names, error)


async def hold_socket(
    server: Server,
    resource: str,
    headers: Sequence[tuple[str, str]],
    subprotocols: Sequence[str],
    *,
    task_status: trio.TaskStatus[Client],
) -> None:
    """`open_socket` as a task: the client is handed over when open, and dropped on cancellation."""
    async with open_socket(server, resource, headers=headers, subprotocols=subprotocols) as client:
        task_status.started(client)
        await trio.sleep_forever()
