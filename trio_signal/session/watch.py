"""What is due on one connection: its token, its heartbeat, its expiry, fresh TURN credentials."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from trio_signal.auth import auth_error
from trio_signal.ice import ice_servers, refresh_after_s
from trio_signal.protocol import events
from trio_signal.protocol.codes import CloseCode, ErrorCode, LeaveReason, Refused
from trio_signal.protocol.frames import PING
from trio_signal.session.timers import Timer

if TYPE_CHECKING:
    from trio_signal.session.connection import Connection

EXPIRY_NOTICE_S = 60.0
"""How long before its end a token is announced to expire."""


class Watch:
    """The timers of one connection, on the node's one timer task. All plain calls; `stop` ends them all."""

    __slots__ = ("_auth", "_connection", "_expiry", "_heartbeat", "_ice", "pong_seen")

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self.pong_seen = True
        self._auth: Timer | None = None
        self._expiry: Timer | None = None
        self._heartbeat: Timer | None = None
        self._ice: Timer | None = None

    def _after(self, seconds: float, action: Callable[[], None]) -> Timer:
        connection = self._connection
        return connection.node.timers.call_at(trio.current_time() + seconds, action, connection.fail)

    def stop(self) -> None:
        """The connection is over."""
        timers = self._connection.node.timers
        for timer in (self._auth, self._expiry, self._heartbeat, self._ice):
            timers.cancel(timer)

    # A token in the first message, within AUTH_TIMEOUT

    def for_token(self) -> None:
        self._auth = self._after(self._connection.node.config.auth_timeout_s, self._no_token)

    def token_came(self) -> None:
        self._connection.node.timers.cancel(self._auth)

    def _no_token(self) -> None:
        self._connection.turn_away(auth_error("No token came in time."))

    # A ping every HEARTBEAT_SECONDS, a pong within PONG_TIMEOUT (RFC 6455 section 5.5.2)

    def for_life(self) -> None:
        self._heartbeat = self._after(self._connection.node.config.heartbeat_s, self._beat)

    def _beat(self) -> None:
        self.pong_seen = False
        self._connection.outbox.put(PING)
        self._heartbeat = self._after(self._connection.node.config.pong_timeout_s, self._check_pong)

    def _check_pong(self) -> None:
        config = self._connection.node.config
        if not self.pong_seen:
            self._connection.close(CloseCode.HEARTBEAT_TIMEOUT, LeaveReason.TIMEOUT)
            return
        self._heartbeat = self._after(max(0.0, config.heartbeat_s - config.pong_timeout_s), self._beat)

    # The token's end

    def for_expiry(self) -> None:
        """Start over with the connection's present token."""
        connection = self._connection
        connection.node.timers.cancel(self._expiry)
        left_s = connection.user.expires_at - connection.node.now()
        if left_s <= EXPIRY_NOTICE_S:
            self._announce_expiry()
        else:
            self._expiry = self._after(left_s - EXPIRY_NOTICE_S, self._announce_expiry)

    def _announce_expiry(self) -> None:
        connection = self._connection
        connection.send(events.encode(events.TokenExpiring(int(connection.user.expires_at))))
        left_s = max(0.0, connection.user.expires_at - connection.node.now())
        self._expiry = self._after(left_s, self._expired)

    def _expired(self) -> None:
        self._connection.send(events.error(Refused(ErrorCode.TOKEN_EXPIRED, "The token has expired.")))
        self._connection.close(CloseCode.TOKEN_EXPIRED)

    # TURN credentials, afresh before they lapse

    def for_ice(self) -> None:
        self._ice = self._after(refresh_after_s(self._connection.node.ice), self._push_ice)

    def _push_ice(self) -> None:
        connection = self._connection
        servers, expires_at = ice_servers(connection.node.ice, connection.peer_id, connection.node.now())
        connection.send(events.encode(events.IceServersPushed(servers, expires_at)))
        self.for_ice()
