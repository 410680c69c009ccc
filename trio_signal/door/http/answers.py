"""What every HTTP call shares: JSON in and out, errors as the contract has them, who is asking."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from trio_signal.auth import auth_error, bearer_token, verify_token
from trio_signal.domain.identity import Identity
from trio_signal.door.refusal import error_body
from trio_signal.protocol.codes import ErrorCode, Refused, invalid
from trio_signal.session.dispatch import UNAVAILABLE
from trio_signal.session.node import Node
from trio_signal.store.base import StoreUnavailable

MAX_BODY_BYTES = 64 * 1024
TOO_LARGE = Refused(ErrorCode.VALIDATION_ERROR, "The body is over 64 KiB.", http_status=413)
T = TypeVar("T")


class HttpRefusal(Exception):
    """A refusal on its way out of an endpoint."""

    def __init__(self, refused: Refused, headers: dict[str, str] | None = None) -> None:
        super().__init__(refused.message)
        self.refused = refused
        self.headers = headers or {}


def node_of(request: Request) -> Node:
    node: Node = request.app.state.node
    return node


def success(fields: dict[str, Any] | None = None, status: int = 200) -> Response:
    """`{"success":true, …fields}`."""
    return json_response({"success": True, **(fields or {})}, status)


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def refusal(refused: Refused, headers: dict[str, str] | None = None) -> Response:
    if refused.code is ErrorCode.RATE_LIMIT:
        headers = {"Retry-After": str(refused.details["retryAfterMs"] // 1000 + 1), **(headers or {})}
    if refused.status == 401:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    return Response(
        error_body(refused),
        refused.status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )


def granted(value: T | Refused) -> T:
    """The value, or the refusal's answer."""
    if isinstance(value, Refused):
        raise HttpRefusal(value)
    return value


def authenticated(request: Request) -> Identity:
    """Who is asking, by `Authorization: Bearer`; else 401."""
    header = request.headers.get("authorization")
    token = bearer_token(header) if header is not None else None
    if token is None:
        raise HttpRefusal(auth_error("This needs an Authorization: Bearer header with a token."))
    return granted(verify_token(token, node_of(request).tokens, node_of(request).now()))


async def read_json(request: Request, kind: type[T]) -> T:
    """The body as this type; 413 over 64 KiB, 400 naming the field if it is something else."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HttpRefusal(TOO_LARGE)
    try:
        bytes(body).decode()
        return msgspec.json.decode(bytes(body), type=kind)
    except msgspec.ValidationError as exc:
        raise HttpRefusal(_explain(str(exc))) from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise HttpRefusal(Refused(ErrorCode.VALIDATION_ERROR, "The body is not JSON.")) from exc


def announces_too_much(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request says that its body is too large, so that nobody need read it."""
    lengths = (value for name, value in headers if name == b"content-length")
    return any(value.isdigit() and int(value[:12]) > MAX_BODY_BYTES for value in lengths)


def _explain(text: str) -> Refused:
    """A refusal that names the field, from msgspec's words."""
    if "missing required field `" in text:
        field = text.split("missing required field `")[1].split("`")[0]
        return invalid(field, f"{field} is required.")
    message, _, path = text.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    return invalid(field, f"{message} for {field}." if field else f"{message}.")


def query_int(request: Request, name: str, least: int, most: int, default: int) -> int:
    """A whole number of the query within bounds; else 400 naming it."""
    text = request.query_params.get(name)
    if not text:
        return default
    if text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most:
        return int(text)
    raise HttpRefusal(invalid(name, f"{name} is a whole number from {least} to {most}."))


Handler = Callable[[Request], Awaitable[Response]]


async def on_refusal(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HttpRefusal)  # noqa: S101 - registered for this class alone
    return refusal(exc.refused, exc.headers)


async def on_unavailable(_request: Request, _exc: Exception) -> Response:
    return refusal(UNAVAILABLE, {"Retry-After": "1"})


async def on_http_exception(_request: Request, exc: Exception) -> Response:
    """Starlette's own refusals, in the contract's words."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this class alone
    headers = dict(exc.headers or {})
    if exc.status_code == 404:
        return refusal(Refused(ErrorCode.NOT_FOUND, "There is nothing here."), headers)
    code = ErrorCode.VALIDATION_ERROR if exc.status_code < 500 else ErrorCode.INTERNAL_ERROR
    return refusal(Refused(code, f"{exc.detail}.", http_status=exc.status_code), headers)


async def on_disconnect(_request: Request, _exc: Exception) -> Response:
    """The client left in the middle of its request: nobody will read this."""
    return refusal(Refused(ErrorCode.VALIDATION_ERROR, "The request was not completed."))


async def on_fault(_request: Request, _exc: Exception) -> Response:
    """A fault of ours: it is logged where it is raised again; the client gets no inner word."""
    return refusal(Refused(ErrorCode.INTERNAL_ERROR, "Something went wrong on the server."))


EXCEPTION_HANDLERS: dict[Any, Any] = {
    HttpRefusal: on_refusal,
    StoreUnavailable: on_unavailable,
    ClientDisconnect: on_disconnect,
    HTTPException: on_http_exception,
    Exception: on_fault,
}
