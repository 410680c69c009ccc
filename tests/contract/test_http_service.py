"""PROTOCOL.md 7 and 8: health, metrics, the page, and how HTTP refuses what is wrong."""

from collections.abc import Iterator

import httpx
import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from tests.contract.conftest import Connect
from tests.harness.client import DEADLINE_S
from tests.harness.http import Api, http_error, open_raw_http
from tests.harness.server import Server, free_port, serving
from tests.harness.tokens import mint

ADMIN = mint("http-admin", role="admin")
LIMIT = 65536


async def test_healthz_says_alive(api: Api) -> None:
    """200."""
    assert (await api.call("GET", "/healthz")).status_code == 200


async def test_readyz_says_ok_and_of_what(api: Api) -> None:
    """200 with `status`, `store` and `cluster`; strict makes no difference while all is well."""
    for path in ("/readyz", "/readyz?strict=1"):
        response = await api.call("GET", path)
        assert response.status_code == 200
        assert response.json()["status"] == "ok"
        assert {"store", "cluster"} <= set(response.json())


async def test_the_root_is_a_page(api: Api) -> None:
    """The demo, as HTML."""
    response = await api.call("GET", "/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/api/nowhere", "/api", "/api/rooms/a-room/nowhere", "/api/auth/"])
async def test_an_unknown_path_of_the_api_is_not_found(api: Api, path: str) -> None:
    """404 NOT_FOUND as JSON."""
    await api.refused("NOT_FOUND", "GET", path, ADMIN)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/rooms"),
        ("GET", "/api/auth/login"),
        ("PUT", "/api/rooms/a-room"),
        ("DELETE", "/api/auth/verify"),
    ],
)
async def test_a_wrong_method_is_405(api: Api, method: str, path: str) -> None:
    """With the allowed ones in `Allow` (RFC 9110 section 15.5.6), and a JSON body."""
    response = await api.call(method, path, ADMIN)
    assert response.status_code == 405
    assert response.headers["allow"]
    assert response.json()["success"] is False
    assert response.json()["error"]["message"]


BODIES = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b'{"data":1',
    b'{"data":NaN}',
    b'{"data":"\xff"}',
    b"[" * 60_000,
]


@pytest.mark.parametrize("body", BODIES, ids=[repr(body[:12]) for body in BODIES])
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/register", "/api/rooms/{}/messages"])
async def test_a_body_that_is_no_json_object_is_refused(
    connect: Connect, api: Api, room_id: str, path: str, body: bytes
) -> None:
    """400 VALIDATION_ERROR."""
    await (await connect()).ok("create-room", roomId=room_id, name="Bodies")
    await api.refused("VALIDATION_ERROR", "POST", path.format(room_id), ADMIN, content=body)


async def test_deep_json_is_refused_over_http(connect: Connect, api: Api, room_id: str) -> None:
    """32 levels, the body's own object counted."""
    client = await connect()
    await client.ok("create-room", roomId=room_id, name="Depths")
    path = f"/api/rooms/{room_id}/messages"
    fits, too_deep = (b'{"data":' + b"[" * depth + b"]" * depth + b"}" for depth in (31, 32))
    assert (await api.call("POST", path, ADMIN, content=fits)).is_success
    await api.refused("VALIDATION_ERROR", "POST", path, ADMIN, content=too_deep)


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
async def test_a_body_over_64_kib_is_refused(api: Api, chunked: bool) -> None:
    """413 VALIDATION_ERROR, with a length announced or not."""
    body = b'{"email":"' + b"x" * LIMIT + b'"}'

    async def pieces() -> object:
        yield body

    response = await api.call("POST", "/api/auth/login", content=pieces() if chunked else body)
    http_error(response, "VALIDATION_ERROR", 413)


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
async def test_the_limit_of_a_body_is_64_kib(connect: Connect, api: Api, room_id: str, size: int, status: int) -> None:
    """65,536 bytes are taken, one more is not."""
    await (await connect()).ok("create-room", roomId=room_id, name="Bodies")
    body = b'{"data":"' + b"x" * (size - 11) + b'"}'
    assert len(body) == size
    response = await api.call("POST", f"/api/rooms/{room_id}/messages", ADMIN, content=body)
    assert (response.status_code, response.is_success) == (status, status == 200)


async def test_a_length_announced_too_large_is_refused_before_it_is_sent(server: Server) -> None:
    """The head alone is enough."""
    head = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n{"
    async with open_raw_http(server) as http:
        with trio.fail_after(DEADLINE_S):
            await http.stream.send_all(head)
            answer = await http.stream.receive_some(4096)
    assert b" 413 " in answer.split(b"\r\n", 1)[0]


async def test_a_connection_serves_many_requests(server: Server) -> None:
    """HTTP/1.1 keep-alive, also after a refusal."""
    async with open_raw_http(server) as http:
        statuses = [(await http.exchange("GET", path)).status for path in ("/healthz", "/api/rooms", "/readyz")]
    assert statuses == [200, 401, 200]


async def test_rubbish_on_the_port_harms_nobody(server: Server, connect: Connect) -> None:
    """No HTTP at all: the connection ends or is refused with 400, and the others are served."""
    for rubbish in (b"\x16\x03\x01\x00\x05hello", b"\x00" * 100, b"SSH-2.0-x\r\n\r\n", b"GET\r\n\r\n"):
        async with open_raw_http(server) as http:
            with trio.fail_after(DEADLINE_S):
                await http.stream.send_all(rubbish)
                await http.stream.send_eof()
                answer = await http.stream.receive_some(4096)
            assert answer == b"" or b" 400 " in answer
    await (await connect()).ok("ping")


async def metrics(api: Api) -> dict[str, float]:
    """Samples without labels, and the histogram's buckets by `le`."""
    response = await api.call("GET", "/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(response.text) for sample in family.samples]
    return {sample.name + sample.labels.get("le", ""): sample.value for sample in samples}


async def test_metrics_count_connections_and_rooms(connect: Connect, api: Api) -> None:
    """The two gauges and the counter follow what happens."""
    before = await metrics(api)
    for _ in range(3):
        await (await connect()).ok("create-room", name="Counted")
    after = await metrics(api)
    made = after["signaling_rooms_created_total"] - before["signaling_rooms_created_total"]
    assert made == 3
    assert after["signaling_active_connections"] >= 3
    assert after["signaling_active_rooms"] >= 3


async def test_metrics_measure_how_long_connections_last(connect: Connect, api: Api) -> None:
    """The histogram has the contract's buckets and counts each end."""
    before = (await metrics(api)).get("signaling_connection_duration_seconds_count", 0)
    client = await connect()
    await client.leave()
    bounds = ["1", "5", "15", "30", "60", "300", "600", "1800", "3600"]
    for _ in range(200):
        now = await metrics(api)
        if now["signaling_connection_duration_seconds_count"] > before:
            break
    name = "signaling_connection_duration_seconds_bucket"
    assert {key for key in now if key.startswith(name)} == {
        *(f"{name}{float(bound)}" for bound in bounds),
        f"{name}+Inf",
    }
    assert now["signaling_connection_duration_seconds_count"] > before


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, int]]:
    """A server whose metrics have a port of their own."""
    port = free_port()
    with serving(tmp_path_factory.mktemp("metered"), METRICS_PORT=str(port)) as server:
        yield server, port


async def test_metrics_may_move_to_another_port(metered: tuple[Server, int]) -> None:
    """METRICS_PORT serves them there, and the public port does not."""
    server, port = metered
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{server.url}/metrics")).status_code == 404
        moved = await http.get(f"http://127.0.0.1:{port}/metrics")
    assert "signaling_active_connections" in moved.text
