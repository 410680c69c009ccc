"""Hypercorn's Trio side for one connection whose request head has been read already."""

import logging
from typing import Any

import hypercorn.app_wrappers
import hypercorn.config
import trio
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, LifespanState

from trio_signal.config import Config
from trio_signal.door.head import MAX_HEAD_BYTES, RequestHead
from trio_signal.door.transport import AnyStream, linger, socket_of

KEEP_ALIVE_S = 15.0
READ_TIMEOUT_S = 30.0


class PlainHttpStream(trio.abc.Stream):
    """The connection as hypercorn sees it: from its first byte on, and with an end to every send."""

    def __init__(self, stream: AnyStream, head: RequestHead, send_timeout_s: float) -> None:
        self._stream = stream
        self._replay = head.raw + head.rest
        self._send_timeout_s = send_timeout_s
        self._sending: trio.CancelScope | None = None
        self._closed = False
        self.socket = socket_of(stream).socket

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self._closed:
            raise trio.ClosedResourceError
        if self._replay:
            replay, self._replay = self._replay, b""
            return replay
        return bytes(await self._stream.receive_some(max_bytes))

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send within the time limit. Hypercorn shields this call; the scope inside still ends it."""
        if self._closed:
            raise trio.ClosedResourceError
        self._sending = trio.CancelScope(deadline=trio.current_time() + self._send_timeout_s)
        with self._sending:
            await self._stream.send_all(data)
        if self._sending.cancelled_caught:
            self._closed = True
            raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Linger; whoever accepted the connection closes it."""
        if not self._closed:
            self._closed = True
            await linger(self._stream)

    def abort(self) -> None:
        """End a send that is under way, shielded or not."""
        self._closed = True
        if self._sending is not None:
            self._sending.cancel()


class TlsHttpStream(PlainHttpStream):
    """The same over TLS: the handshake is done, HTTP/1.1 was agreed on."""

    @property
    def transport_stream(self) -> trio.SocketStream:
        return socket_of(self._stream)

    async def do_handshake(self) -> None:
        await trio.lowlevel.checkpoint()

    def selected_alpn_protocol(self) -> str:
        return "http/1.1"


class HttpServing:
    """The HTTP part of the door: one app, and the connections that it is being served on."""

    def __init__(self, app: Any, config: Config) -> None:
        self._app = hypercorn.app_wrappers.ASGIWrapper(app)
        self._config = _hypercorn_config()
        self._send_timeout_s = config.send_timeout_s
        self._context = WorkerContext(None)
        self._streams: set[PlainHttpStream] = set()

    async def serve(self, stream: AnyStream, head: RequestHead) -> None:
        """Serve a connection to its end. Raises nothing but Cancelled, and what is a fault of ours."""
        kind = TlsHttpStream if isinstance(stream, trio.SSLStream) else PlainHttpStream
        wrapped = kind(stream, head, self._send_timeout_s)
        state = ConnectionState(LifespanState({}))
        self._streams.add(wrapped)
        try:
            await TCPServer(self._app, self._config, self._context, state, wrapped)  # type: ignore[arg-type]
        finally:
            self._streams.discard(wrapped)

    async def end_idle(self) -> None:
        """Close the connections that wait for a request; the others when they have answered theirs."""
        await self._context.terminated.set()

    def abort(self) -> None:
        """The hard edge: end every send, so that cancelling the connections is not held up."""
        for stream in self._streams:
            stream.abort()


def _hypercorn_config() -> hypercorn.config.Config:
    config = hypercorn.config.Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("trio_signal.http")
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.read_timeout = READ_TIMEOUT_S  # type: ignore[assignment]
    config.h11_max_incomplete_size = MAX_HEAD_BYTES
    config.include_server_header = False
    config.websocket_max_message_size = 1024
    return config
