"""An echo behind the real door: `python -m tests.conformance.echo_server DATA_DIR [CERTIFICATE KEY]`.

Listener, express lane, pump, egress and outbox are the server's own; only the session is replaced, and what comes in
is what goes out. The first line printed is the port; everything worth a complaint is on the standard error stream.
"""

import sys
from pathlib import Path

import trio

from trio_signal.config import Config
from trio_signal.domain.identity import Identity
from trio_signal.door.http.app import make_app
from trio_signal.door.http.serving import HttpServing
from trio_signal.door.listener import Door, open_listeners, tls_context
from trio_signal.door.pump import open_pump
from trio_signal.protocol.codes import CloseCode, Refused
from trio_signal.protocol.frames import text_frame
from trio_signal.protocol.messages import AnyRequest
from trio_signal.server import FLUSH_S, open_node
from trio_signal.session.connection import OpenLink
from trio_signal.session.link import LinkBroken
from trio_signal.session.node import Node
from trio_signal.session.outbox import Outbox
from trio_signal.store.journal import open_journal
from trio_signal.store.sqlite import open_sqlite
from trio_signal.telemetry.logs import configure_logging, get_logger

FIN_BINARY = b"\x82"
MAX_MESSAGE_BYTES = 16 * 2**20
OUTBOX_BYTES = 2**28
OUTBOX_MESSAGES = 2**20

log = get_logger()


class EchoSession:
    """`session.connection.Connection` without rooms: every message goes back through the outbox."""

    def __init__(self, node: Node, _address: str) -> None:
        self._node = node
        self._outbox: Outbox
        self._serving = trio.CancelScope()
        self._closing: CloseCode | None = None

    async def run(self, open_link: OpenLink, _token: Identity | Refused | None) -> None:
        """Serve from handshake to close handshake; a fault is logged, and the test looks at the log."""
        try:
            async with trio.open_nursery() as nursery:
                await self._converse(open_link, nursery)
                nursery.cancel_scope.cancel()
        except* LinkBroken:
            pass
        except* Exception as group:
            log.error("echo failed", exc_info=group)

    async def _converse(self, open_link: OpenLink, nursery: trio.Nursery) -> None:
        link = await open_link(nursery)
        self._outbox = Outbox(
            link,
            self._node.egress,
            max_messages=self._node.config.outbox_messages,
            max_bytes=self._node.config.outbox_bytes,
            start_writer=nursery.start_soon,
            on_overflow=lambda: self.close(CloseCode.SLOW_CONSUMER),
        )
        link.attach(self._outbox)
        with self._serving:
            await link.serve(self)
        link.stop()
        if self._closing is not None:
            with trio.move_on_after(self._node.config.close_timeout_s):
                await link.close(self._closing, self._closing.reason)

    def deliver(self, message: bytes) -> None:
        self._outbox.put(text_frame(message))

    async def finish(self, request: AnyRequest) -> None:
        raise NotImplementedError(request)

    def binary(self, message: bytes) -> None:
        self._outbox.put(FIN_BINARY + text_frame(message)[1:])

    def pong(self) -> None:
        """Autobahn's unsolicited pongs are no business of an echo."""

    def close(self, code: CloseCode) -> None:
        self._closing = self._closing or code
        self._serving.cancel()

    def fail(self, error: Exception) -> None:
        log.error("echo failed", exc_info=error)
        self.close(CloseCode.INTERNAL_ERROR)


async def serve(config: Config) -> None:
    """Listen on a free port, print it, and echo until killed."""
    tls = tls_context(config.tls_cert, config.tls_key) if config.tls_cert and config.tls_key else None
    listeners = await open_listeners(config.host, config.port)
    async with (
        open_sqlite(config.data_dir / "echo.db", migrate=True) as store,
        open_journal(store, timeout_s=config.store_timeout_s, flush_s=FLUSH_S) as journal,
        open_node(config, store, journal) as node,
        open_pump(node.egress) as pump,
    ):
        door = Door(node, HttpServing(make_app(node), config), pump, tls, make_session=EchoSession)
        node.ready = True
        print(listeners[0].socket.getsockname()[1], flush=True)
        await trio.serve_listeners(door.serve, listeners)


def config_of(data_dir: Path, cert: Path | None = None, key: Path | None = None) -> Config:
    """No limits but the largest message."""
    return Config(
        port=0,
        data_dir=data_dir,
        tls_cert=cert,
        tls_key=key,
        max_message_bytes=MAX_MESSAGE_BYTES,
        outbox_bytes=OUTBOX_BYTES,
        outbox_messages=OUTBOX_MESSAGES,
        rate_connections=0,
    )


if __name__ == "__main__":
    configure_logging("warning", json_lines=False, log_dir=None)
    trio.run(serve, config_of(*map(Path, sys.argv[1:])))
