"""The head of a request: read within bounds, and looked at just enough to know which way it goes.

Whoever serves the request parses the head again and is strict about it (h11, below hypercorn and wsproto alike).
"""

from collections.abc import Iterator

import attrs
import trio

MAX_HEAD_BYTES = 16 * 1024
HEAD_TIMEOUT_S = 10.0
_END = b"\r\n\r\n"


class BadHead(Exception):
    """Too long, too slow, or gone before its end; `status` is the answer, 0 for none."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@attrs.frozen
class RequestHead:
    """A request line and header fields; names in lower case. `raw` is the head as sent, `rest` what came behind it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    raw: bytes = attrs.field(repr=False)
    rest: bytes = attrs.field(repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def all(self, name: str) -> Iterator[str]:
        return (value for key, value in self.headers if key == name)

    def get(self, name: str) -> str | None:
        """The first field of that name (in lower case)."""
        return next(self.all(name), None)

    def items(self, name: str) -> list[str]:
        """The comma-separated items of all fields of that name."""
        return [item.strip() for value in self.all(name) for item in value.split(",") if item.strip()]

    @property
    def wants_websocket(self) -> bool:
        """Whether this asks for an upgrade to WebSocket (RFC 6455 section 4.2.1), well or badly."""
        return any(item.lower() == "websocket" for item in self.items("upgrade"))


async def read_head(stream: trio.abc.ReceiveStream) -> RequestHead:
    """The head of the first request. Raises BadHead; at most 16 KiB, within 10 s."""
    data = bytearray()
    with trio.move_on_after(HEAD_TIMEOUT_S):
        while (end := data.find(_END)) < 0:
            if len(data) > MAX_HEAD_BYTES:
                raise BadHead(431, "Request head too large")
            more = await _receive(stream)
            if not more:
                raise BadHead(0, "gone")
            data += more
        if end + len(_END) > MAX_HEAD_BYTES:
            raise BadHead(431, "Request head too large")
        return parse_head(bytes(data[: end + len(_END)]), bytes(data[end + len(_END) :]))
    raise BadHead(408 if data else 0, "Request Timeout")


async def _receive(stream: trio.abc.ReceiveStream) -> bytes:
    try:
        return bytes(await stream.receive_some(8192))
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return b""


def parse_head(raw: bytes, rest: bytes = b"") -> RequestHead:
    """Split a head into its parts. Raises BadHead where it has no request line."""
    first, *lines = raw[: -len(_END)].decode("latin-1").lstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/"):
        raise BadHead(400, "Bad Request")
    fields = (line.partition(":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, colon, value in fields if colon)
    return RequestHead(parts[0], parts[1], headers, raw, rest)
