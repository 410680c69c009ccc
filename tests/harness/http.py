"""Plain HTTP to the server: an API client on httpx, and h11 on a bare stream for odd requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import h11
import httpx
import trio

from tests.harness.client import DEADLINE_S, Json
from tests.harness.errors import STATUS, checked
from tests.harness.server import Server

UPGRADE = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


@attrs.frozen
class Api:
    """The HTTP API of one server; `token` is sent as a bearer token."""

    http: httpx.AsyncClient

    async def call(self, method: str, path: str, token: str | None = None, **kwargs: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with trio.fail_after(DEADLINE_S):
            return await self.http.request(method, path, headers=headers, **kwargs)

    async def ok(self, method: str, path: str, token: str | None = None, *, status: int = 200, **kwargs: Any) -> Json:
        """Make a call that must succeed; return its JSON body."""
        response = await self.call(method, path, token, **kwargs)
        assert response.status_code == status, response.text
        body: Json = response.json()
        assert body["success"] is True, body
        return body

    async def refused(self, code: str, method: str, path: str, token: str | None = None, **kwargs: Any) -> Json:
        """Make a call that must fail with `code` and its status; return the error object."""
        return http_error(await self.call(method, path, token, **kwargs), code)


def http_error(response: httpx.Response, code: str, status: int | None = None) -> Json:
    """Return the error object of a refusal, which must be JSON with the table's status."""
    assert response.status_code == (status or STATUS[code]), response.text
    assert response.headers["content-type"].startswith("application/json"), response.headers
    body = response.json()
    assert body["success"] is False, body
    error = checked(body["error"])
    assert error["code"] == code, error
    return error


@asynccontextmanager
async def open_api(server: Server) -> AsyncIterator[Api]:
    verify: Any = server.tls or True
    async with httpx.AsyncClient(base_url=server.url, verify=verify, trust_env=False) as http:
        yield Api(http)


@attrs.frozen
class RawResponse:
    """One HTTP/1.1 response as read from the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@attrs.define
class RawHttp:
    """One TCP connection that speaks HTTP/1.1 by h11; several requests follow each other on it."""

    stream: trio.SocketStream
    parser: h11.Connection = attrs.field(factory=lambda: h11.Connection(h11.CLIENT))

    async def exchange(
        self, method: str, target: str, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> RawResponse:
        """Send one request and read its response; a connection that ends first raises."""
        request = h11.Request(method=method, target=target, headers=[("Host", "127.0.0.1"), *headers])
        data = self.parser.send(request) or b""
        if body:
            data += self.parser.send(h11.Data(data=body)) or b""
        data += self.parser.send(h11.EndOfMessage()) or b""
        with trio.fail_after(DEADLINE_S):
            await self.stream.send_all(data)
            response = await self._response()
        if self.parser.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self.parser.start_next_cycle()
        return response

    async def _response(self) -> RawResponse:
        head: h11.Response | h11.InformationalResponse | None = None
        body = b""
        while True:
            event = self.parser.next_event()
            match event:
                case h11.NEED_DATA:
                    self.parser.receive_data(await self.stream.receive_some())
                case h11.Response() | h11.InformationalResponse():
                    head = event
                    if event.status_code == 101:
                        break
                case h11.Data():
                    body += event.data
                case _:
                    break
        assert head is not None, "the server ended the connection without a response"
        names = {name.decode(): value.decode() for name, value in head.headers}
        return RawResponse(head.status_code, names, body)


@asynccontextmanager
async def open_raw_http(server: Server) -> AsyncIterator[RawHttp]:
    stream = await trio.open_tcp_stream("127.0.0.1", server.port)
    try:
        yield RawHttp(stream)
    finally:
        await trio.aclose_forcefully(stream)
