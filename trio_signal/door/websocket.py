"""A WebSocket: refused before the upgrade, or upgraded and handed to the session as a Link."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol
from urllib.parse import parse_qs

import trio
import trio_websocket

from trio_signal.auth import auth_error, bearer_token, verify_token
from trio_signal.domain.identity import Identity
from trio_signal.door.express import ExpressLane
from trio_signal.door.head import RequestHead
from trio_signal.door.origin import client_address, origin_allowed
from trio_signal.door.pump import Pump
from trio_signal.door.refusal import refuse
from trio_signal.door.transport import AnyStream, linger, socket_of, transport_of
from trio_signal.limits import address_key
from trio_signal.protocol.codes import CloseCode, ErrorCode, Refused, invalid, rate_limited
from trio_signal.protocol.events import SUBPROTOCOL
from trio_signal.protocol.frames import close_frame
from trio_signal.session.connection import ABNORMAL_CLOSURE, Connection, OpenLink
from trio_signal.session.link import Handler, LinkBroken
from trio_signal.session.node import Node
from trio_signal.session.outbox import Outbox

PATH = "/ws"
HANDSHAKE_TIMEOUT_S = 10.0
RETRY_AFTER_S = 5
_BEARER = "bearer."
_BREACHES = frozenset({CloseCode.PROTOCOL_ERROR, CloseCode.NOT_UTF8})
_LANE_BOUNDS_IT = 2**62


class WebSocketLink:
    """trio-websocket and its lane as the session's Link."""

    def __init__(self, websocket: trio_websocket.WebSocketConnection, lane: ExpressLane, stream: AnyStream) -> None:
        self._websocket = websocket
        self._lane = lane
        transport = transport_of(stream)
        self.write = transport.write
        self.write_all = transport.write_all

    def attach(self, outbox: Outbox) -> None:
        self._lane.attach(outbox)

    def stop(self) -> None:
        self._lane.stop()

    async def serve(self, handler: Handler) -> int:
        """The lane delivers; what comes the long way round (fragments, very long messages) is delivered from here."""
        self._lane.open(handler)
        while True:
            try:
                message = await self._websocket.get_message()
            except trio_websocket.ConnectionClosed as closed:
                return await self._closed(closed.reason.code if closed.reason else ABNORMAL_CLOSURE)
            if isinstance(message, bytes):
                handler.binary(message)
            else:
                await self._hand_over(handler, message.encode())
            self._lane.message_done()

    async def _closed(self, code: int) -> int:
        """trio-websocket answers a close frame, but says nothing when it gives up on a peer that breaks the rules."""
        if code in _BREACHES and not self._lane.close_sent:
            with contextlib.suppress(trio.BrokenResourceError):
                await self._lane.send_all(close_frame(code, CloseCode(code).reason))
        return code

    @staticmethod
    async def _hand_over(handler: Handler, message: bytes) -> None:
        try:
            request = handler.deliver(message)
            if request is not None:
                await handler.finish(request)
        except Exception as exc:  # noqa: BLE001 - handed to the connection's own guard
            handler.fail(exc)

    async def close(self, code: int, reason: str) -> None:
        await self._websocket.aclose(code, reason)


class Session(Protocol):
    """What serves a WebSocket: `session.connection.Connection`; an echo, where only the transport is tested."""

    async def run(self, open_link: OpenLink, token: Identity | Refused | None) -> None: ...


def prepare_websocket(
    node: Node,
    pump: Pump | None,
    stream: AnyStream,
    head: RequestHead,
    make_session: Callable[[Node, str], Session] = Connection,
) -> Callable[[], Awaitable[None]]:
    """Look at an upgrade request: what is to be awaited for it, a refusal or the whole life of a WebSocket.

    That is apart from this call so that nobody need keep the head (2 KiB) for as long as the connection lives. It
    raises nothing but Cancelled.
    """
    address = client_address(socket_of(stream), head, node.config)
    token = _check_upgrade(node, head, address)
    if isinstance(token, _Refusal):
        node.metrics.counts.refused_upgrades[token.refused.code.name] += 1
        return partial(refuse, stream, token.refused, token.headers)
    lane = ExpressLane(transport_of(stream), pump, head.raw, head.rest, node.config.max_message_bytes)
    return partial(_serve_websocket, stream, lane, make_session(node, address), token)


async def _serve_websocket(
    stream: AnyStream, lane: ExpressLane, session: Session, token: Identity | Refused | None
) -> None:
    await session.run(partial(_open_link, stream, lane), token)
    await linger(stream)


async def _open_link(stream: AnyStream, lane: ExpressLane, nursery: trio.Nursery) -> WebSocketLink:
    """The WebSocket handshake. Raises LinkBroken."""
    with trio.move_on_after(HANDSHAKE_TIMEOUT_S):
        request = await trio_websocket.wrap_server_stream(nursery, lane, max_message_size=_LANE_BOUNDS_IT)
        chosen = SUBPROTOCOL if SUBPROTOCOL in request.proposed_subprotocols else None
        try:
            return WebSocketLink(await request.accept(subprotocol=chosen), lane, stream)
        except trio_websocket.ConnectionClosed as exc:
            raise LinkBroken from exc
    raise LinkBroken


class _Refusal:
    """Why there will be no upgrade."""

    def __init__(self, refused: Refused, headers: Mapping[str, str] | None = None) -> None:
        self.refused = refused
        self.headers = headers or {}


def _check_upgrade(node: Node, head: RequestHead, address: str) -> Identity | Refused | _Refusal | None:
    """Everything that can be said before the upgrade, the cheapest first."""
    full = node.config.max_connections and len(node.connections) >= node.config.max_connections
    if full or not node.ready:
        why = "This node is full." if full and not node.draining else "This node is shutting down."
        return _Refusal(Refused(ErrorCode.UNAVAILABLE, why), {"Retry-After": str(RETRY_AFTER_S)})
    wait_s = node.limits.connections.wait_s(address_key(address), trio.current_time())
    if wait_s:
        return _Refusal(rate_limited(wait_s), {"Retry-After": str(int(wait_s) + 1)})
    problem = _upgrade_problem(head)
    if problem is not None:
        return problem
    if not origin_allowed(head, node.config, secure=node.config.tls_cert is not None):
        return _Refusal(Refused(ErrorCode.ORIGIN_NOT_ALLOWED, "This origin may not connect; see CLIENT_URL."))
    return _token(node, head)


def _upgrade_problem(head: RequestHead) -> _Refusal | None:
    """What RFC 6455 section 4.2.1 asks of the request, so that wsproto has nothing left to refuse."""
    if (
        head.method != "GET"
        or not head.target.startswith("/")
        or not head.raw.rstrip().split(b"\r\n")[0].endswith(b"HTTP/1.1")
    ):
        return _Refusal(invalid("upgrade", "A WebSocket upgrade is a GET of HTTP/1.1."))
    if "upgrade" not in {item.lower() for item in head.items("connection")}:
        return _Refusal(invalid("connection", "A WebSocket upgrade needs the header Connection: Upgrade."))
    if head.get("sec-websocket-version") != "13":
        refused = Refused(ErrorCode.VALIDATION_ERROR, "WebSocket version 13 is needed.", http_status=426)
        return _Refusal(refused, {"Sec-WebSocket-Version": "13", "Upgrade": "websocket"})
    if not head.get("sec-websocket-key") or len(list(head.all("host"))) != 1:
        return _Refusal(
            invalid("sec-websocket-key", "A WebSocket upgrade needs Host and Sec-WebSocket-Key, once each.")
        )
    return None


def _token(node: Node, head: RequestHead) -> Identity | Refused | _Refusal | None:
    """The token from the first place that has one; a bad one in the header is refused before the upgrade."""
    authorization = head.get("authorization")
    if authorization is not None and authorization.lower().startswith("bearer"):
        token = bearer_token(authorization)
        found = verify_token(token, node.tokens, node.now()) if token else auth_error("That is no bearer token.")
        return _Refusal(found, {"WWW-Authenticate": "Bearer"}) if isinstance(found, Refused) else found
    offered = [item for item in head.items("sec-websocket-protocol") if item.startswith(_BEARER)]
    in_query = parse_qs(head.query).get("token", [])
    for candidate in [*(item.removeprefix(_BEARER) for item in offered), *in_query]:
        return verify_token(candidate, node.tokens, node.now())
    return None
