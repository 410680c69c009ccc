"""PROTOCOL.md 1: what is refused before the upgrade, with the JSON error body."""

from collections.abc import Iterator

import pytest
import trio

from tests.conftest import StartServer
from tests.contract.conftest import Connect
from tests.harness.client import DEADLINE_S, Client, refused_upgrade
from tests.harness.http import UPGRADE, open_raw_http
from tests.harness.server import Server, serving
from tests.harness.tokens import mint


def authorization() -> tuple[str, str]:
    return ("Authorization", f"Bearer {mint()}")


@pytest.fixture(scope="module")
def fenced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets in two web sites and two connections."""
    origins = "https://app.example.org,https://two.example.org"
    with serving(tmp_path_factory.mktemp("fenced"), CLIENT_URL=origins, MAX_CONNECTIONS="2") as server:
        yield server


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "http://app.example.org",
        "https://app.example.org.evil.org",
        "https://app.example.org:8443",
        "null",
    ],
)
async def test_an_origin_not_on_the_list_is_refused(fenced: Server, origin: str) -> None:
    """403 ORIGIN_NOT_ALLOWED for any other scheme, host or port."""
    refusal = await refused_upgrade(fenced, headers=[authorization(), ("Origin", origin)])
    assert refusal.code == "ORIGIN_NOT_ALLOWED"


@pytest.mark.parametrize("origin", ["https://app.example.org", "https://two.example.org"])
async def test_an_origin_on_the_list_is_let_in(connect: Connect, fenced: Server, origin: str) -> None:
    """Each entry of CLIENT_URL."""
    client = await admitted(connect, fenced, ("Origin", origin))
    await client.leave()


async def test_a_client_without_an_origin_is_let_in(connect: Connect, fenced: Server) -> None:
    """Only browsers send an Origin."""
    client = await admitted(connect, fenced)
    await client.leave()


async def test_the_servers_own_page_is_let_in(connect: Connect, server: Server) -> None:
    """The demo page at `/` connects from the server's own origin."""
    client = await connect(headers=[("Origin", server.url)])
    await client.ok("ping")


async def test_a_full_node_refuses_and_says_when_to_come_back(connect: Connect, fenced: Server) -> None:
    """MAX_CONNECTIONS reached: 503 UNAVAILABLE with Retry-After; a place that becomes free is given away."""
    ann, _bob = await admitted(connect, fenced), await admitted(connect, fenced)
    refusal = await refused_upgrade(fenced, headers=[authorization()])
    assert refusal.code == "UNAVAILABLE"
    assert refusal.error["retryable"] is True
    assert int(refusal.headers["retry-after"]) > 0
    await ann.leave()
    await (await admitted(connect, fenced)).ok("ping")


async def test_too_many_attempts_from_one_address_are_refused(connect: Connect, start_server: StartServer) -> None:
    """By default ten attempts a minute; the eleventh gets 429 RATE_LIMIT with Retry-After."""
    default = start_server(RATE_LIMIT_CONNECTIONS=None)
    for _ in range(10):
        await connect(at=default)
    refusal = await refused_upgrade(default, headers=[authorization()])
    assert refusal.code == "RATE_LIMIT"
    assert 0 < int(refusal.headers["retry-after"]) <= 60
    assert refusal.error["details"]["retryAfterMs"] <= 60_000


async def test_attempts_are_counted_per_address_and_ipv6_per_64(connect: Connect, start_server: StartServer) -> None:
    """Behind a trusted proxy the client's address counts; neighbours in one /64 share, others do not."""
    proxied = start_server(RATE_LIMIT_CONNECTIONS="2", TRUSTED_PROXIES="127.0.0.0/8")

    def coming_from(address: str) -> list[tuple[str, str]]:
        return [authorization(), ("X-Forwarded-For", address)]

    for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:3::1", "192.0.2.1"):
        await connect(at=proxied, via="none", headers=coming_from(address))
    refusal = await refused_upgrade(proxied, headers=coming_from("2001:db8:1:2::3"))
    assert refusal.code == "RATE_LIMIT"
    await connect(at=proxied, via="none", headers=coming_from("2001:db8:1:3::2"))


async def test_an_upgrade_on_a_kept_alive_connection_is_refused_clearly(server: Server) -> None:
    """A connection that has spoken HTTP stays HTTP: an error status with the JSON body, not silence."""
    async with open_raw_http(server) as http:
        assert (await http.exchange("GET", "/healthz")).status == 200
        refusal = await http.exchange("GET", "/ws", (*UPGRADE, authorization()))
    assert 400 <= refusal.status < 600
    assert b'"error"' in refusal.body


async def test_ws_without_an_upgrade_is_refused_clearly(server: Server) -> None:
    """A plain GET of /ws is told that an upgrade is wanted."""
    async with open_raw_http(server) as http:
        refusal = await http.exchange("GET", "/ws")
    assert refusal.status in {400, 426}
    assert b'"error"' in refusal.body


async def test_another_websocket_version_is_refused_with_the_right_one(server: Server) -> None:
    """RFC 6455 section 4.4: the answer names version 13."""
    headers = tuple((name, "12" if value == "13" else value) for name, value in UPGRADE)
    async with open_raw_http(server) as http:
        refusal = await http.exchange("GET", "/ws", (*headers, authorization()))
    assert refusal.status in {400, 426}
    assert refusal.headers["sec-websocket-version"] == "13"


async def test_an_upgrade_elsewhere_is_not_found(server: Server) -> None:
    """Only /ws upgrades."""
    async with open_raw_http(server) as http:
        refusal = await http.exchange("GET", "/api/nowhere", (*UPGRADE, authorization()))
    assert refusal.status in {400, 404}


async def admitted(connect: Connect, server: Server, *headers: tuple[str, str]) -> Client:
    """Connect, again while the place of a connection just closed is still counted."""
    with trio.fail_after(DEADLINE_S):
        while True:
            try:
                return await connect(at=server, headers=headers)
            except Exception as refusal:
                if getattr(refusal, "status_code", None) != 503:
                    raise
