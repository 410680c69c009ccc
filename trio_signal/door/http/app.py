"""The ASGI app: the API, health, metrics and the demo page, behind the security headers."""

from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from trio_signal.door.http import auth_api, health, rooms_api
from trio_signal.door.http.answers import EXCEPTION_HANDLERS, TOO_LARGE, announces_too_much, refusal
from trio_signal.door.http.security import UPGRADE_TOO_LATE, App, Receive, Scope, Send, middleware
from trio_signal.door.refusal import error_body
from trio_signal.protocol.codes import ErrorCode, Refused
from trio_signal.session.node import Node


def make_app(node: Node) -> App:
    """The app of the public port."""
    routes = [
        Mount("/api", routes=[*auth_api.AuthApi().routes(), *rooms_api.routes()]),
        *health.routes(with_metrics=not node.config.metrics_port),
        Route("/ws", upgrade_required),
        Mount("/", StaticFiles(directory=str(resources.files("trio_signal") / "web"), html=True)),
    ]
    return _guarded(_starlette(node, routes))


def make_metrics_app(node: Node) -> App:
    """The app of METRICS_PORT: `/metrics` and nothing else."""
    return _guarded(_starlette(node, list(health.metrics_routes())))


def _starlette(node: Node, routes: list[Any]) -> Starlette:
    app = Starlette(routes=routes, middleware=middleware(node.config), exception_handlers=EXCEPTION_HANDLERS)
    app.state.node = node
    return app


async def upgrade_required(_request: Request) -> Response:
    """A plain request for the WebSocket's address."""
    refused = Refused(ErrorCode.VALIDATION_ERROR, "This is a WebSocket: ask for an upgrade.", http_status=426)
    return refusal(refused, {"Upgrade": "websocket", "Connection": "Upgrade"})


def _guarded(app: App) -> App:
    """What is refused before the app is asked: bodies too large, and upgrades on a kept-alive connection."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            body = error_body(UPGRADE_TOO_LATE)
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "websocket.http.response.start", "status": 400, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": body})
        elif scope["type"] == "http" and announces_too_much(scope["headers"]):
            await refusal(TOO_LARGE, {"Connection": "close"})(scope, receive, send)
        elif scope["type"] == "http":
            await app(scope, receive, send)

    return guard
