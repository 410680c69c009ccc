"""One connection: the peer's task tree, its one guard, and its goodbye.

    guard (except* Exception) → nursery { the link's own tasks, a writer while the socket is full }
                              → serve: deliver message after message → close handshake → goodbye

Everything that ends a connection goes through `close` or through the end of `run`; both end in `_goodbye`, which is
plain calls.
"""

from collections.abc import Awaitable, Callable

import trio

from trio_signal.auth import auth_error, verify_token
from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import new_peer_id
from trio_signal.ice import ice_servers
from trio_signal.protocol import events
from trio_signal.protocol.codec import Malformed, decode, tag_of
from trio_signal.protocol.codes import CloseCode, ErrorCode, LeaveReason, Refused, rate_limited
from trio_signal.protocol.frames import text_frame
from trio_signal.protocol.messages import AnyRequest, Authenticate
from trio_signal.protocol.values import spread
from trio_signal.session.dispatch import dispatch, finish
from trio_signal.session.link import Link, LinkBroken
from trio_signal.session.node import Node
from trio_signal.session.outbox import Outbox
from trio_signal.session.participant import Participant
from trio_signal.session.patience import Patience
from trio_signal.session.watch import Watch
from trio_signal.telemetry.logs import get_logger

ABNORMAL_CLOSURE = 1006
RECONNECT_SPREAD_MS = 5000

log = get_logger()

OpenLink = Callable[[trio.Nursery], Awaitable[Link]]
"""Does the handshake and gives the link; its tasks live in the peer's nursery. Raises LinkBroken."""


class Connection:
    """One socket and the peer behind it. Made by the door, which runs `run` in a task of its own."""

    __slots__ = (
        "__weakref__",
        "_closing",
        "_linked",
        "_patience",
        "_serving",
        "_watch",
        "address",
        "ended",
        "identity",
        "node",
        "outbox",
        "participant",
        "peer_id",
        "peer_id_bytes",
        "state",
    )

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.address = address
        self.peer_id = new_peer_id()
        self.peer_id_bytes = self.peer_id.encode()
        self.identity: Identity | None = None
        self.participant: Participant | None = None
        self.state = b"{}"
        self.ended = False
        self.outbox: Outbox
        self._closing: CloseCode | None = None
        self._serving = trio.CancelScope()
        self._patience = Patience(node.config.rate_requests, node.config.rate_flood)
        self._linked = False
        self._watch = Watch(self)

    @property
    def user(self) -> Identity:
        """Who this is; only asked once that is known."""
        if self.identity is None:
            raise RuntimeError("not authenticated")
        return self.identity

    async def run(self, open_link: OpenLink, token: Identity | Refused | None) -> None:
        """Serve this connection from handshake to goodbye. Raises nothing but Cancelled.

        `token` is what came with the upgrade: an identity, a refusal to be told, or None for a token still to come.
        Cancelling cuts the connection (1006 for the peer); its row is closed all the same.
        """
        started, code = trio.current_time(), ABNORMAL_CLOSURE
        self.node.connections.add(self)
        try:
            async with trio.open_nursery() as nursery:
                link = await open_link(nursery)
                self.node.metrics.counts.connections += 1
                code = await self._converse(link, nursery, token)
                nursery.cancel_scope.cancel()
        except* LinkBroken:
            pass
        except* Exception as group:
            log.error("connection failed", peerId=self.peer_id, exc_info=group)
            code = CloseCode.INTERNAL_ERROR
        finally:
            self._goodbye(LeaveReason.SERVER_SHUTDOWN if self.node.draining else LeaveReason.DISCONNECTED)
            if self._linked:
                # The descriptor below may soon be another connection's.
                self.outbox.discard()
            self.node.connections.discard(self)
            self.node.metrics.counts.connection_ended(trio.current_time() - started, code)
            self._log_end(int(code), trio.current_time() - started)

    async def _converse(self, link: Link, nursery: trio.Nursery, token: Identity | Refused | None) -> int:
        config = self.node.config
        self.outbox = Outbox(
            link,
            self.node.egress,
            max_messages=config.outbox_messages,
            max_bytes=config.outbox_bytes,
            start_writer=nursery.start_soon,
            on_overflow=self._overflowed,
        )
        link.attach(self.outbox)
        self._linked = True
        code: int = ABNORMAL_CLOSURE
        with self._serving:
            self._greet(token)
            if self.node.draining:
                self.shut_down(RECONNECT_SPREAD_MS)
            code = await link.serve(self)
        link.stop()
        if self._closing is None:
            return code
        self._goodbye(LeaveReason.DISCONNECTED)
        self.outbox.close(keep=self._closing is not CloseCode.SLOW_CONSUMER)
        with trio.move_on_after(config.close_timeout_s):
            await link.close(self._closing, self._closing.reason)
        return self._closing

    def close(self, code: CloseCode, reason: LeaveReason = LeaveReason.DISCONNECTED) -> None:
        """End the connection with a close frame behind what is queued. The peer is out of its room at once.

        A plain call; only the first one counts.
        """
        if self._closing is None:
            self._closing = code
            self._goodbye(reason)
            self.outbox.close(keep=True)
            self._serving.cancel()

    def shut_down(self, spread_ms: int) -> None:
        """Tell the peer that the server goes away, and when to come back: within `spread_ms`, not all at once."""
        if self._closing is None and self._linked:
            self.send(events.encode(events.ServerShutdown(spread(spread_ms), "The server is restarting.")))
            self.close(CloseCode.SERVICE_RESTART, LeaveReason.SERVER_SHUTDOWN)

    def fail(self, error: Exception) -> None:
        """A fault of ours: logged, said without any inner word, and the end of this connection alone."""
        log.error("request failed", peerId=self.peer_id, exc_info=error)
        self.send(events.error(Refused(ErrorCode.INTERNAL_ERROR, "Something went wrong on the server.")))
        self.close(CloseCode.INTERNAL_ERROR)

    def _overflowed(self) -> None:
        """In the middle of someone's fan-out: only note it; `_converse` does the rest."""
        self.node.metrics.counts.slow_consumers += 1
        if self._closing is None:
            self._closing = CloseCode.SLOW_CONSUMER
            self._serving.cancel()

    def _goodbye(self, reason: LeaveReason) -> None:
        self.ended = True
        if self.participant is not None:
            self.participant.leave(reason)
        self._watch.stop()

    def _log_end(self, code: int, duration_s: float) -> None:
        who = {} if self.identity is None else {"userId": self.identity.user_id}
        log.info("disconnected", peerId=self.peer_id, **who, code=code, seconds=round(duration_s, 1))

    # What comes in

    def deliver(self, message: bytes) -> AnyRequest | None:
        """One message of the peer; see `link.Handler`."""
        counts = self.node.metrics.counts
        counts.messages_received += 1
        counts.bytes_received += len(message)
        if self._closing is not None:
            return None
        request = decode(message)
        if self.identity is None:
            self._authenticate_first(request)
            return None
        if isinstance(request, Malformed):
            self._refuse(request.refused, request.request_id, request.request_type)
            return None
        wait_s = self._patience.wait_s(trio.current_time())
        if wait_s:
            self.refuse(request, rate_limited(wait_s))
            return None
        return dispatch(self, request)

    async def finish(self, request: AnyRequest) -> None:
        await finish(self, request)

    def binary(self, _message: bytes) -> None:
        self.close(CloseCode.BINARY)

    def pong(self) -> None:
        self._watch.pong_seen = True

    # What goes out

    def send(self, payload: bytes) -> bool:
        """Queue one JSON message for this peer."""
        return self.outbox.put(text_frame(payload))

    def answer(self, request: AnyRequest, fields: "dict[str, object] | Refused | None") -> None:
        """The reply to a request; success without an `id` is silent."""
        if isinstance(fields, Refused):
            self.refuse(request, fields)
        elif request_id := bytes(request.id):
            self.send(events.reply(request_id, fields))

    def refuse(self, request: AnyRequest, refused: Refused) -> None:
        self._refuse(refused, bytes(request.id) or None, tag_of(request))

    def _refuse(self, refused: Refused, request_id: bytes | None, request_type: str | None) -> None:
        self.node.metrics.counts.errors[refused.code.name] += 1
        if request_id is not None:
            self.send(events.refusal(request_id, refused))
        else:
            self.send(events.error(refused, request_type))
        code = self._patience.after(refused.code, trio.current_time())
        if code is not None:
            self.close(code)

    # Who it is

    def _greet(self, token: Identity | Refused | None) -> None:
        if isinstance(token, Identity):
            self._welcome(token)
        elif isinstance(token, Refused):
            self.turn_away(token)
        else:
            self._watch.for_token()
        self._watch.for_life()

    def turn_away(self, refused: Refused) -> None:
        """Say what is wrong with the token, or with having none, and close."""
        self.node.metrics.counts.errors[refused.code.name] += 1
        self.send(events.error(refused, "authenticate"))
        self.close(CloseCode.UNAUTHORIZED)

    def _authenticate_first(self, request: AnyRequest | Malformed) -> None:
        if not isinstance(request, Authenticate):
            request_id = request.request_id if isinstance(request, Malformed) else bytes(request.id)
            self._refuse_first(request_id, auth_error("The first message must be authenticate, with a token."))
            return
        identity = verify_token(request.token, self.node.tokens, self.node.now())
        if isinstance(identity, Refused):
            self._refuse_first(bytes(request.id), identity)
            return
        self._welcome(identity)
        self.answer(request, events.identity_fields(identity))

    def _refuse_first(self, request_id: bytes | None, refused: Refused) -> None:
        """Its reply, if it wants one, and then what every connection without a good token is told."""
        if request_id:
            self.send(events.refusal(request_id, refused))
        self.turn_away(refused)

    def renew(self, identity: Identity) -> None:
        """The same user with a token that lasts longer, or says something else."""
        self.identity = identity
        self._watch.for_expiry()

    def _welcome(self, identity: Identity) -> None:
        node, config = self.node, self.node.config
        self.identity = identity
        servers, ice_expires_at = ice_servers(node.ice, self.peer_id, node.now())
        welcome = events.Welcome(
            protocol=events.SUBPROTOCOL,
            peer_id=self.peer_id,
            user_id=identity.user_id,
            username=identity.username,
            role=identity.role.value,
            node_id=node.node_id,
            ice_servers=servers,
            ice_expires_at=ice_expires_at,
            heartbeat_seconds=int(config.heartbeat_s) if config.heartbeat_s.is_integer() else config.heartbeat_s,
            max_message_bytes=config.max_message_bytes,
            token_expires_at=int(identity.expires_at),
        )
        self.send(events.encode(welcome))
        log.info("connected", peerId=self.peer_id, userId=identity.user_id)
        self._watch.token_came()
        self._watch.for_expiry()
        if ice_expires_at is not None:
            self._watch.for_ice()
