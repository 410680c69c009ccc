"""PROTOCOL.md 3: `list-rooms`, its fields, pages and limits."""

import time
from collections.abc import Iterator

import pytest
import trio

from tests.contract.conftest import Connect
from tests.harness.client import Client, Json
from tests.harness.http import open_api
from tests.harness.server import Server, serving
from tests.harness.tokens import mint


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where only the test's own rooms are listed."""
    with serving(tmp_path_factory.mktemp("quiet")) as server:
        yield server


async def test_a_room_is_listed_with_all_its_fields(connect: Connect, quiet: Server, room_id: str) -> None:
    """`roomId`, `name`, `ownerId`, `ownerName`, `users`, `maxUsers`, `createdAt`."""
    ann, bob = await connect("ann", at=quiet), await connect("bob", at=quiet)
    await ann.ok("create-room", roomId=room_id, name="<Listed>", maxUsers=5)
    await bob.ok("join-room", roomId=room_id)
    room = next(r for r in await all_rooms(bob, 100) if r["roomId"] == room_id)
    assert room["createdAt"] == pytest.approx(time.time(), abs=60)
    assert {**room, "createdAt": 0} == {
        "roomId": room_id,
        "name": "&lt;Listed&gt;",
        "ownerId": ann.user_id,
        "ownerName": "ann",
        "users": 2,
        "maxUsers": 5,
        "createdAt": 0,
    }


async def test_users_are_counted_as_they_come_and_go(connect: Connect, quiet: Server, room_id: str) -> None:
    """`users` is the present number; full rooms stay listed."""
    ann, bob = await connect("ann", at=quiet), await connect("bob", at=quiet)
    await ann.ok("create-room", roomId=room_id, name="Counted", maxUsers=2)
    counts = []
    for request in ("join-room", "leave-room", "join-room"):
        await bob.ok(request, roomId=room_id)
        counts += [room["users"] for room in await all_rooms(ann, 100) if room["roomId"] == room_id]
    assert counts == [2, 1, 2]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_give_each_room_once(connect: Connect, quiet: Server, room_id: str, limit: int) -> None:
    """Following `cursor` to its end lists all rooms, none twice, never more than `limit` at once."""
    mine = {f"{room_id}-{number}" for number in range(7)}
    for name in mine:
        await (await connect("host", at=quiet)).ok("create-room", roomId=name, name=name)
    listed = [room["roomId"] for room in await all_rooms(await connect(at=quiet), limit)]
    assert mine <= set(listed)
    assert len(listed) == len(set(listed))


async def test_a_room_that_ends_between_pages_loses_no_other(connect: Connect, quiet: Server, room_id: str) -> None:
    """The cursor survives the end of the room it points at."""
    hosts = {f"{room_id}-{number}": await connect("host", at=quiet) for number in range(6)}
    for name, host in hosts.items():
        await host.ok("create-room", roomId=name, name="Paged")
    reader = await connect(at=quiet)
    first = await reader.ok("list-rooms", limit=3)
    seen = [room["roomId"] for room in first["rooms"]]
    ended = next((name for name in reversed(seen) if name in hosts), f"{room_id}-0")
    await hosts[ended].ok("leave-room")
    seen += [room["roomId"] for room in await all_rooms(reader, 3, cursor=first["cursor"])]
    assert set(hosts) - {ended} <= set(seen)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("limit", [0, -1, 101, 10**20])
async def test_a_limit_out_of_range_is_named(connect: Connect, limit: int) -> None:
    """1 to 100."""
    error = await (await connect()).refused("list-rooms", limit=limit)
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "limit")


@pytest.mark.parametrize("cursor", ["nonsense", "!", "9" * 200, "AAAA"])
async def test_a_cursor_of_ones_own_making_harms_nothing(connect: Connect, cursor: str) -> None:
    """A page or a VALIDATION_ERROR that names `cursor`; never anything worse."""
    client = await connect()
    reply = await client.request("list-rooms", cursor=cursor)
    if not reply["success"]:
        assert (reply["error"]["code"], reply["error"]["details"]["field"]) == ("VALIDATION_ERROR", "cursor")
    await client.ok("ping")


async def test_http_gives_the_same_list(connect: Connect, quiet: Server, room_id: str) -> None:
    """GET /api/rooms is `list-rooms` over HTTP, with `limit` and `cursor`."""
    for number in range(3):
        client = await connect("host", at=quiet)
        await client.ok("create-room", roomId=f"{room_id}-{number}", name="Both ways")
    over_websocket = {room["roomId"]: room for room in await all_rooms(client, 100)}
    over_http: dict[str, Json] = {}
    async with open_api(quiet) as api:
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = await api.ok("GET", "/api/rooms", mint(), params=query)
            assert len(page["rooms"]) <= 2
            over_http |= {room["roomId"]: room for room in page["rooms"]}
            cursor = page.get("cursor")
    mine = [f"{room_id}-{number}" for number in range(3)]
    assert [over_http[name] for name in mine] == [over_websocket[name] for name in mine]


async def all_rooms(client: Client, limit: int, cursor: str | None = None) -> list[Json]:
    """Follow the cursor to its end."""
    rooms: list[Json] = []
    with trio.fail_after(20):
        while True:
            page = await client.ok("list-rooms", limit=limit, cursor=cursor)
            assert len(page["rooms"]) <= limit
            rooms += page["rooms"]
            cursor = page.get("cursor")
            if cursor is None:
                return rooms
