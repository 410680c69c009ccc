"""Connected clients, rooms full of them, and the HTTP API of the shared server."""

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import trio

from tests.harness.client import Client, hold_socket
from tests.harness.http import Api, open_api
from tests.harness.server import Server, serving
from tests.harness.tokens import mint

_numbers = itertools.count(1)


class Connect(Protocol):
    """Open a connection that lives as long as the test; by default as a user of its own with a good token."""

    async def __call__(
        self,
        name: str = "ann",
        *,
        at: Server | None = None,
        user_id: object = None,
        token: str | None = None,
        via: str = "header",
        headers: Sequence[tuple[str, str]] = (),
        subprotocols: Sequence[str] = (),
        resource: str = "/ws",
        welcome: bool = True,
        **claims: Any,
    ) -> Client: ...


class Meet(Protocol):
    """Bring new clients together in a new room; the first one owns it. Their join events are read."""

    async def __call__(self, *names: str, at: Server | None = None, room_id: str | None = None) -> list[Client]: ...


@pytest.fixture
def connect(nursery: trio.Nursery, server: Server) -> Connect:
    """See `Connect`. `via` is header, subprotocol, query or none."""

    async def connect(
        name: str = "ann",
        *,
        at: Server | None = None,
        user_id: object = None,
        token: str | None = None,
        via: str = "header",
        headers: Sequence[tuple[str, str]] = (),
        subprotocols: Sequence[str] = (),
        resource: str = "/ws",
        welcome: bool = True,
        **claims: Any,
    ) -> Client:
        if user_id is None:
            user_id = f"{name}-{next(_numbers)}"
        token = token or mint(user_id, name, **claims)
        match via:
            case "header":
                headers = [*headers, ("Authorization", f"Bearer {token}")]
            case "subprotocol":
                subprotocols = subprotocols or ["trio-signal.v1", f"bearer.{token}"]
            case "query":
                resource = f"{resource}?token={token}"
            case _:
                welcome = False
        client: Client = await nursery.start(hold_socket, at or server, resource, headers, subprotocols)
        if welcome:
            client.welcome = await client.event("welcome")
        return client

    return connect


@pytest.fixture
def meet(connect: Connect, room_id: str) -> Meet:
    """See `Meet`."""
    own_room_id = room_id

    async def meet(*names: str, at: Server | None = None, room_id: str | None = None) -> list[Client]:
        room_id = room_id or own_room_id
        clients: list[Client] = []
        for name in names:
            client = await connect(name, at=at)
            if clients:
                await client.ok("join-room", roomId=room_id)
            else:
                await client.ok("create-room", roomId=room_id, name=f"Room of {name}")
            client.room_id = room_id
            clients.append(client)
        for client in clients:
            await client.pending()
        return clients

    return meet


@pytest.fixture
async def api(server: Server) -> AsyncIterator[Api]:
    """The HTTP API of the shared server."""
    async with open_api(server) as api:
        yield api


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder talks to a real process."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.process)


@pytest.fixture(scope="session")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits one second for a token and takes messages of at most 1 KiB."""
    with serving(tmp_path_factory.mktemp("impatient"), AUTH_TIMEOUT="1", MAX_MESSAGE_BYTES="1024") as server:
        yield server
