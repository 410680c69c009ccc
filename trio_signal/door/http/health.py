"""`/healthz`, `/readyz`, `/metrics`: for balancers and operators."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trio_signal import __version__
from trio_signal.door.http.answers import json_response, node_of
from trio_signal.session.node import Node, store_deadline
from trio_signal.store.base import StoreUnavailable

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def routes(*, with_metrics: bool) -> list[Route]:
    health = [Route("/healthz", healthz), Route("/readyz", readyz)]
    return [*health, *metrics_routes()] if with_metrics else health


def metrics_routes() -> list[Route]:
    return [Route("/metrics", metrics)]


async def healthz(request: Request) -> Response:
    """The process is alive and its loop turns."""
    return json_response({"status": "ok", "nodeId": node_of(request).node_id, "version": __version__})


async def readyz(request: Request) -> Response:
    """Whether this node wants new connections. A store that is away means `degraded`; with `?strict=1`, 503."""
    node = node_of(request)
    store = await _store_state(node)
    reasons = ["draining"] if node.draining else [] if node.ready else ["starting"]
    full = node.config.max_connections and len(node.connections) >= node.config.max_connections
    if full:
        reasons.append("full")
    if store != "ok" and request.query_params.get("strict") == "1":
        reasons.append("store")
    status = "unavailable" if reasons else "ok" if store == "ok" else "degraded"
    body = {
        "status": status,
        "reasons": reasons,
        "store": store,
        "cluster": "ok",
        "nodeId": node.node_id,
        "connections": len(node.connections),
    }
    return json_response(body, 503 if reasons else 200)


async def _store_state(node: Node) -> str:
    try:
        with store_deadline(node.config):
            await node.store.ping()
    except StoreUnavailable:
        return "away"
    return "ok"


async def metrics(request: Request) -> Response:
    return Response(node_of(request).metrics.exposition(), media_type=EXPOSITION)
