"""One port: accept, TLS, read the request head; a WebSocket upgrade goes one way, everything else the other."""

import ssl
from collections.abc import Callable
from pathlib import Path

import attrs
import trio

from trio_signal.door.head import BadHead, RequestHead, read_head
from trio_signal.door.http.serving import HttpServing
from trio_signal.door.pump import Pump
from trio_signal.door.refusal import refuse
from trio_signal.door.transport import AnyStream
from trio_signal.door.websocket import PATH, Session, prepare_websocket
from trio_signal.protocol.codes import ErrorCode, Refused
from trio_signal.session.connection import Connection
from trio_signal.session.node import Node
from trio_signal.telemetry.logs import get_logger

TLS_HANDSHAKE_TIMEOUT_S = 10.0

log = get_logger()


class CannotListen(Exception):
    """The port cannot be used, or the certificate; the message is for an operator."""


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and up, HTTP/1.1 alone: over HTTP/2 a browser would want WebSockets of RFC 8441. Raises CannotListen."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as exc:
        raise CannotListen(f"TLS_CERT {cert} and TLS_KEY {key} cannot be used: {exc}") from exc
    return context


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listening sockets. Raises CannotListen."""
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as exc:
        raise CannotListen(f"Cannot listen on {host}:{port}: {exc.strerror or exc}.") from exc


@attrs.define(eq=False)
class Door:
    """Serves the connections of one port. `serve` is the whole life of one of them."""

    node: Node
    http: HttpServing
    pump: Pump | None
    tls: ssl.SSLContext | None = None
    make_session: Callable[[Node, str], Session] = Connection
    _outside: int = 0
    """Connections that are no WebSocket, or not yet."""

    async def serve(self, tcp: trio.SocketStream) -> None:
        """Serve one connection to its end. Raises nothing but Cancelled: the guard of what is not a session yet."""
        try:
            await self._serve(tcp)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        except* Exception as group:
            log.error("connection failed at the door", exc_info=group)
        finally:
            await trio.aclose_forcefully(tcp)

    async def _serve(self, tcp: trio.SocketStream) -> None:
        if self._outside >= self.node.config.max_http_connections:
            return
        self._outside += 1
        try:
            stream = await self._secured(tcp)
            head = None if stream is None else await self._read_head(stream)
            if stream is None or head is None:
                return
            if not (head.wants_websocket and head.path == PATH):
                await self.http.serve(stream, head)
                return
        finally:
            self._outside -= 1
        serve = prepare_websocket(self.node, self.pump, stream, head, self.make_session)
        del head
        await serve()

    async def _secured(self, tcp: trio.SocketStream) -> AnyStream | None:
        if self.tls is None:
            return tcp
        stream = trio.SSLStream(tcp, self.tls, server_side=True, https_compatible=True)
        with trio.move_on_after(TLS_HANDSHAKE_TIMEOUT_S):
            await stream.do_handshake()
            return stream
        return None

    async def _read_head(self, stream: AnyStream) -> RequestHead | None:
        try:
            return await read_head(stream)
        except BadHead as exc:
            if exc.status:
                refused = Refused(ErrorCode.VALIDATION_ERROR, f"{exc.reason}.", http_status=exc.status)
                await refuse(stream, refused)
            return None
