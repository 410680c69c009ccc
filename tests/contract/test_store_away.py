"""PROTOCOL.md 8: a store that is away costs joins and creates, and nothing else."""

import time
from collections.abc import Iterator

import pytest
import trio

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Client, Json
from tests.harness.http import Api, open_api
from tests.harness.rows import open_store
from tests.harness.server import Server, serving


@pytest.fixture(scope="module")
def locked_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose SQLite file the test may lock."""
    with serving(tmp_path_factory.mktemp("locked-out")) as server:
        yield server


async def refused_in_time(client: Client, kind: str, **fields: object) -> Json:
    start = time.monotonic()
    error = await client.refused(kind, **fields)
    assert time.monotonic() - start < 2.5, "later than 2 s (and some for a busy machine)"
    assert (error["code"], error["retryable"]) == ("UNAVAILABLE", True)
    return error


async def test_create_and_join_are_unavailable_within_two_seconds(
    meet: Meet, connect: Connect, locked_out: Server
) -> None:
    """UNAVAILABLE and nothing done; relays and presence go on; with the store back all is well."""
    ann, bob = await meet("ann", "bob", at=locked_out)
    cy = await connect("cy", at=locked_out)
    with open_store(locked_out.data_dir) as store:
        store.execute("BEGIN EXCLUSIVE")
        await refused_in_time(cy, "create-room", roomId=f"{ann.room_id}-2", name="Not now")
        await refused_in_time(cy, "join-room", roomId=ann.room_id)
        await ann.ok("set-state", state={"still": "here"})
        assert (await ann.ok("message", data=1))["delivered"] == 1
        assert [event["type"] for event in await bob.pending()] == ["user-updated", "message"]
        store.execute("ROLLBACK")
    with trio.fail_after(15):
        while not (await cy.request("join-room", roomId=ann.room_id))["success"]:
            pass
    assert [event["peerId"] for event in await ann.pending()] == [cy.peer_id]


async def test_who_leaves_while_the_store_is_away_is_written_later(meet: Meet, locked_out: Server) -> None:
    """The goodbye does not wait for the store, and its row is closed when the store is back."""
    ann, bob = await meet("ann", "bob", at=locked_out)
    with open_store(locked_out.data_dir) as store:
        store.execute("BEGIN EXCLUSIVE")
        await bob.ok("leave-room")
        assert (await ann.event("user-left"))["peerId"] == bob.peer_id
        store.execute("ROLLBACK")
        query = "SELECT left_at FROM room_participants WHERE peer_id = ?"
        with trio.fail_after(15):
            while store.execute(query, (bob.peer_id,)).fetchall()[0][0] is None:
                await trio.lowlevel.checkpoint()


async def test_a_store_that_is_away_degrades_the_node(connect: Connect, locked_out: Server) -> None:
    """/readyz stays 200 and says `degraded`, `?strict=1` makes that 503; with the store back it is `ok`."""
    client = await connect(at=locked_out)
    async with open_api(locked_out) as api:
        with open_store(locked_out.data_dir) as store:
            store.execute("BEGIN EXCLUSIVE")
            await refused_in_time(client, "create-room", name="Not now")
            assert await readiness(api) == (200, "degraded", 503)
            store.execute("ROLLBACK")
        with trio.fail_after(15):
            while await readiness(api) != (200, "ok", 200):
                pass
        await client.ok("create-room", name="Now")


async def readiness(api: Api) -> tuple[int, str, int]:
    """Status and word of /readyz, and its status when asked strictly."""
    response = await api.call("GET", "/readyz")
    strict = await api.call("GET", "/readyz?strict=1")
    return response.status_code, response.json()["status"], strict.status_code
