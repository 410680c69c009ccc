"""PROTOCOL.md 3 and 4: renewal, expiry, and what a token allows."""

import time
from collections.abc import Iterator

import pytest

from tests.contract.conftest import Connect
from tests.harness.client import Closed
from tests.harness.http import Api, open_api
from tests.harness.server import Server, serving
from tests.harness.tokens import mint


async def test_an_expiring_token_is_announced_and_then_closes(connect: Connect) -> None:
    """Less than 60 s left: `token-expiring` at once; at expiry error TOKEN_EXPIRED and close 4001."""
    expiry = int(time.time()) + 2
    client = await connect(exp=expiry)
    assert (await client.event("token-expiring"))["tokenExpiresAt"] == expiry
    await client.ok("ping")
    assert (await client.error())["code"] == "TOKEN_EXPIRED"
    assert time.time() >= expiry
    assert await client.closed() == Closed(4001, "token-expired")


async def test_a_token_is_announced_sixty_seconds_before_its_end(connect: Connect) -> None:
    """With a little more than 60 s left the event comes when they are reached, not before."""
    expiry = int(time.time()) + 62
    client = await connect(exp=expiry)
    assert (await client.event("token-expiring"))["tokenExpiresAt"] == expiry
    assert 55 < expiry - time.time() <= 60


async def test_a_long_token_is_not_announced(connect: Connect) -> None:
    """With more than 60 s left there is nothing to say yet."""
    assert await (await connect(lifetime_s=90)).pending() == []


async def test_a_renewed_token_outlives_the_first(connect: Connect) -> None:
    """`authenticate` on the live socket: when a twin without renewal is closed, the renewed one goes on."""
    expiry = int(time.time()) + 2
    renewed, twin = await connect(user_id="renewed", exp=expiry), await connect(exp=expiry + 1)
    await renewed.event("token-expiring")
    later = expiry + 3600
    token = mint("renewed", "ann", role="moderator", exp=later)
    reply = await renewed.ok("authenticate", token=token)
    assert (reply["userId"], reply["username"], reply["role"]) == ("renewed", "ann", "moderator")
    assert reply["tokenExpiresAt"] == later
    assert (await twin.closed()).code == 4001
    assert await renewed.pending() == []


async def test_renewal_keeps_room_and_peer(connect: Connect, room_id: str) -> None:
    """Nobody in the room notices."""
    ann, bob = await connect("ann", user_id="keeper"), await connect("bob")
    await ann.ok("create-room", roomId=room_id, name="Kept")
    await bob.ok("join-room", roomId=room_id)
    await ann.ok("authenticate", token=mint("keeper", "ann", lifetime_s=7200))
    assert (await bob.ok("message", to=ann.peer_id, data=1))["delivered"] == 1
    assert await bob.pending() == []


async def test_another_user_on_a_live_connection_ends_it(connect: Connect) -> None:
    """AUTH_ERROR and close 4501."""
    client = await connect(user_id="first")
    assert (await client.refused("authenticate", token=mint("second")))["code"] == "AUTH_ERROR"
    assert await client.closed() == Closed(4501, "unauthorized")


@pytest.mark.parametrize(
    ("token", "code"), [("garbage", "AUTH_ERROR"), (mint("same", lifetime_s=-60), "TOKEN_EXPIRED")]
)
async def test_a_bad_renewal_says_why(connect: Connect, token: str, code: str) -> None:
    """A bad token is AUTH_ERROR, an expired one TOKEN_EXPIRED."""
    client = await connect(user_id="same")
    assert (await client.refused("authenticate", token=token))["code"] == code


@pytest.mark.parametrize("name", ["team-a", "team-", "lobby"])
async def test_a_token_opens_rooms_that_match_its_patterns(connect: Connect, name: str, room_id: str) -> None:
    """`team-*` matches by prefix, a plain id itself."""
    patterns = [f"{room_id}-team-*", f"{room_id}-lobby"]
    ann, bob = await connect("ann", rooms=patterns), await connect("bob", rooms=patterns)
    await ann.ok("create-room", roomId=f"{room_id}-{name}", name="Inside")
    await bob.ok("join-room", roomId=f"{room_id}-{name}")


@pytest.mark.parametrize(
    "rooms",
    [["team-*"], ["lobby"], [], ["TEAM-*"], ["room"], ["*-team"]],
    ids=lambda rooms: ",".join(rooms) or "none",
)
async def test_a_token_closes_all_other_rooms(connect: Connect, rooms: list[str], room_id: str) -> None:
    """Outside its patterns create and join answer FORBIDDEN."""
    host, guest = await connect("host"), await connect("guest", rooms=rooms)
    await host.ok("create-room", roomId=room_id, name="Outside")
    assert (await guest.refused("join-room", roomId=room_id))["code"] == "FORBIDDEN"
    assert (await guest.refused("create-room", roomId=f"{room_id}-new", name="New"))["code"] == "FORBIDDEN"
    assert await host.pending() == []


@pytest.mark.parametrize("claims", [{"username": None}, {"role": "superuser"}, {"email": 5}])
async def test_an_odd_claim_gives_no_rights(api: Api, claims: dict[str, object]) -> None:
    """A token with a missing name or an unknown role is refused or is a plain user's."""
    response = await api.call("POST", "/api/auth/verify", mint("odd", **claims))  # type: ignore[arg-type]
    assert response.status_code in {200, 401}
    assert response.status_code == 401 or response.json()["user"]["role"] == "user"


@pytest.fixture(scope="module")
def particular(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that wants its tokens from one issuer and for itself."""
    with serving(tmp_path_factory.mktemp("particular"), JWT_ISSUER="main", JWT_AUDIENCE="signaling") as server:
        yield server


@pytest.mark.parametrize("audience", ["signaling", ["other", "signaling"]])
async def test_a_token_of_the_right_issuer_is_taken(connect: Connect, particular: Server, audience: object) -> None:
    """`iss` and `aud` as configured; `aud` may be a list."""
    await connect(at=particular, iss="main", aud=audience)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iss": "main"},
        {"aud": "signaling"},
        {"iss": "other", "aud": "signaling"},
        {"iss": "main", "aud": "x"},
    ],
)
async def test_a_token_from_or_for_others_is_refused(particular: Server, claims: dict[str, str]) -> None:
    """AUTH_ERROR where one is missing or another."""
    async with open_api(particular) as api:
        await api.refused("AUTH_ERROR", "POST", "/api/auth/verify", mint("ann", **claims))  # type: ignore[arg-type]
