"""What lies under a WebSocket: a plain TCP socket that can be read and written without waiting, or a TLS stream."""

import os

import trio

from trio_signal.session.link import LinkBroken

READ_BYTES = 16 * 1024
LINGER_S = 2.0
LINGER_BYTES = 2**20


class PlainTransport:
    """A TCP socket. Non-blocking calls go to its file descriptor, waiting ones through Trio's stream."""

    __slots__ = ("_stream", "fd")

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.fd = stream.socket.fileno()

    def read(self) -> bytes | None:
        """What has arrived, b"" at the end, None for nothing yet. Raises LinkBroken."""
        try:
            return os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise LinkBroken from exc

    def write(self, data: bytes) -> int:
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise LinkBroken from exc

    async def receive(self) -> bytes:
        return await receive(self._stream)

    async def write_all(self, data: bytes) -> None:
        await send(self._stream, data)


class TlsTransport:
    """A TLS stream: every call may have to wait, so nothing is taken at once."""

    __slots__ = ("_stream", "fd")

    def __init__(self, stream: "trio.SSLStream[trio.SocketStream]") -> None:
        self._stream = stream
        self.fd = -1

    def read(self) -> bytes | None:
        return None

    def write(self, _data: bytes) -> int:
        return 0

    async def receive(self) -> bytes:
        return await receive(self._stream)

    async def write_all(self, data: bytes) -> None:
        await send(self._stream, data)


Transport = PlainTransport | TlsTransport
AnyStream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


def transport_of(stream: AnyStream) -> Transport:
    return PlainTransport(stream) if isinstance(stream, trio.SocketStream) else TlsTransport(stream)


def socket_of(stream: AnyStream) -> trio.SocketStream:
    """The TCP stream itself."""
    return stream if isinstance(stream, trio.SocketStream) else stream.transport_stream


async def receive(stream: trio.abc.ReceiveStream) -> bytes:
    """Bytes, or b"" at the end. Raises LinkBroken."""
    try:
        return bytes(await stream.receive_some(READ_BYTES))
    except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
        raise LinkBroken from exc


async def send(stream: trio.abc.SendStream, data: bytes) -> None:
    """Send all. Raises LinkBroken."""
    try:
        await stream.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
        raise LinkBroken from exc


async def linger(stream: AnyStream) -> None:
    """Say that nothing more will come, and read on until the other side has had all (RFC 9112 section 9.6).

    Closing a socket with unread bytes resets it, and the last thing we sent may be lost on the way. Bounded in time
    and bytes; never raises.
    """
    tcp = socket_of(stream)
    read = 0
    try:
        with trio.move_on_after(LINGER_S):
            await tcp.send_eof()
            while read < LINGER_BYTES and (data := await tcp.receive_some(READ_BYTES)):
                read += len(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
        pass
