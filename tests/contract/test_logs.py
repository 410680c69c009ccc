"""PROTOCOL.md 8: logs that a machine can read and that give no secret away."""

import json
import uuid
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.contract.conftest import Connect
from tests.harness.client import Json, refused_upgrade
from tests.harness.http import open_api
from tests.harness.server import Server
from tests.harness.tokens import mint

ORIGIN = "https://app.example.org"
PASSWORD = "correct horse battery staple"
SDP = "v=0 o=- sdp-that-nobody-logs"
CANDIDATE = "candidate:never-in-a-log"


@pytest.fixture
def production(start_server: StartServer, tmp_path: Path) -> Server:
    """A production server that logs as much as it can."""
    return start_server(
        ENV="production",
        CLIENT_URL=ORIGIN,
        LOG_DIR=str(tmp_path / "logs"),
        LOG_LEVEL="debug",
        MAX_CONNECTIONS="50",
    )


async def a_day(server: Server, connect: Connect) -> list[str]:
    """Use everything that carries a secret once, well and badly; return the secrets."""
    good = {via: mint(f"by-{via}", role="admin") for via in ("header", "subprotocol", "query", "message")}
    bad = {via: mint(f"bad-{via}", secret="w" * 80) for via in ("subprotocol", "query")}
    header = mint("bad-header", secret="w" * 80)
    ann, bob, cy = [await connect(at=server, via=via, token=good[via]) for via in ("header", "subprotocol", "query")]
    late = await connect(at=server, via="none")
    await late.ok("authenticate", token=good["message"])
    for via, token in bad.items():
        assert (await (await connect(at=server, via=via, token=token, welcome=False)).closed()).code == 4501
    await refused_upgrade(server, headers=[("Authorization", f"Bearer {header}")])
    await refused_upgrade(server, f"/ws?token={good['query']}", headers=[("Origin", "https://evil.example.org")])
    await ann.ok("create-room", roomId="logged-room", name="Logged")
    await bob.ok("join-room", roomId="logged-room")
    await ann.ok("offer", sdp={"type": "offer", "sdp": SDP})
    await bob.ok("ice-candidate", candidate={"candidate": CANDIDATE})
    await cy.refused("answer", sdp=SDP)
    await cy.refused("ice-candidate", candidate=5, note=CANDIDATE)
    await cy.send(f'{{"type":"offer","sdp":"{SDP}"')
    await ann.ok("authenticate", token=mint("by-header", lifetime_s=9999))
    account = {"username": "Log", "email": f"{uuid.uuid4().hex}@example.org", "password": PASSWORD}
    async with open_api(server) as api:
        registered = await api.ok("POST", "/api/auth/register", json=account, status=201)
        await api.refused("AUTH_ERROR", "POST", "/api/auth/login", json={**account, "password": PASSWORD[::-1]})
        await api.call("GET", "/api/rooms", registered["token"])
        await api.call("GET", f"/api/rooms?token={good['query']}")
        await api.call("GET", f"/?token={good['query']}")
    tokens = [*good.values(), *bad.values(), header, registered["token"]]
    signatures = [token.rpartition(".")[2] for token in tokens]
    return [*signatures, PASSWORD, PASSWORD[::-1], SDP, CANDIDATE]


def log_lines(text: str) -> list[Json]:
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    return lines


async def test_a_production_log_is_json_without_secrets(production: Server, connect: Connect) -> None:
    """Each line has time, level and event, ids where known; no token, password, SDP or candidate."""
    secrets = await a_day(production, connect)
    await production.stopped()
    said = production.output.read_text() + production.errors.read_text()
    combined = (production.output.parent / "logs" / "combined.log").read_text()
    errors = (production.output.parent / "logs" / "error.log").read_text()
    for text in (said, combined, errors):
        assert [secret for secret in secrets if secret in text] == []
    for line in log_lines(said) + log_lines(combined):
        assert {"timestamp", "level", "event"} <= set(line), line
    for line in log_lines(errors):
        assert line["level"].lower() in {"error", "critical"}
    for known in ("nodeId", "peerId", "userId", "roomId", "code"):
        assert any(known in line for line in log_lines(combined)), f"no line has {known}"


async def test_a_development_log_keeps_secrets_too(server: Server, connect: Connect) -> None:
    """What people read on a console is as discreet."""
    token = mint("discreet")
    await connect(via="query", token=token)
    await connect(via="subprotocol", token=token)
    await (await connect()).ok("ping")
    assert token.rpartition(".")[2] not in server.said()
