"""A socket as the session sees it. The door makes one of a WebSocket; a memory pair serves the tests."""

from typing import TYPE_CHECKING, Protocol

from trio_signal.protocol.codes import CloseCode
from trio_signal.protocol.messages import AnyRequest

if TYPE_CHECKING:
    from trio_signal.session.outbox import Outbox


class Handler(Protocol):
    """What a link delivers to. A call that raises goes to `fail`, wherever it was made."""

    def deliver(self, message: bytes) -> AnyRequest | None:
        """Take one text message (UTF-8). None: it is done. A request: it must wait for something, see `finish`."""

    async def finish(self, request: AnyRequest) -> None:
        """Carry out a request that must wait; nothing is delivered until it is done."""

    def binary(self, message: bytes) -> None:
        """Take one binary message."""

    def pong(self) -> None:
        """The peer has shown that it is there."""

    def close(self, code: CloseCode) -> None:
        """End the connection because of what the peer sent."""

    def fail(self, error: Exception) -> None:
        """End the connection because of a fault of ours."""


class LinkBroken(Exception):
    """The socket takes no more; the connection is over."""


class Link(Protocol):
    """Complete frames out, messages in. Owned by one connection."""

    def attach(self, outbox: "Outbox") -> None:
        """From now on everything that is written here goes through this outbox, the link's own frames too."""

    def write(self, data: bytes) -> int:
        """How many of these bytes the socket takes at once, without waiting (perhaps 0). Raises LinkBroken."""

    async def write_all(self, data: bytes) -> None:
        """Wait until the socket has taken all. Cancelled, half a frame may be out: the link is over then.

        Raises LinkBroken.
        """

    async def serve(self, handler: Handler) -> int:
        """Deliver message after message, one at a time and in order, until the other side ends it; its close code."""

    def stop(self) -> None:
        """Deliver nothing more."""

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame behind what is queued, wait for the other side's. The caller bounds it."""
