"""Headers that keep a browser from being used against its user (OWASP Secure Headers), and CORS by CLIENT_URL."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from trio_signal.config import Config
from trio_signal.protocol.codes import ErrorCode, Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")
LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"
"""Allowed in development without CLIENT_URL, as for the WebSocket: a page on a dev server must be able to log in."""
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(self), microphone=(self), display-capture=(self), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
UPGRADE_TOO_LATE = Refused(
    ErrorCode.VALIDATION_ERROR,
    "A WebSocket upgrade must be the first request of its connection, at /ws.",
    {"field": "upgrade"},
)


def content_security_policy(host: str) -> bytes:
    """Nothing but the own origin; its WebSocket by name, since not every browser counts ws: to 'self'."""
    own = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'self'; connect-src 'self'{own}; img-src 'self' data:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ).encode()


class SecurityHeaders:
    """ASGI middleware: the headers above on every answer."""

    def __init__(self, app: App, *, secure: bool) -> None:
        self._app = app
        self._headers = (*_HEADERS, _HSTS) if secure else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        extra = [*self._headers, (b"content-security-policy", content_security_policy(host))]

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def middleware(config: Config) -> list[Middleware]:
    """What every request passes through, outermost first."""
    origins = list(config.client_url)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_origin_regex=None if config.in_production or origins else LOOPBACK_ORIGIN,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["authorization", "content-type"],
        allow_credentials="*" not in origins,
        expose_headers=["retry-after"],
        max_age=600,
    )
    return [Middleware(SecurityHeaders, secure=config.tls_cert is not None), cors]
