"""PROTOCOL.md 1: four ways of giving a token, and what each way of failing looks like."""

import time

import pytest

from tests.contract.conftest import Connect
from tests.harness.client import Client, Closed, refused_upgrade
from tests.harness.errors import checked
from tests.harness.http import Api
from tests.harness.server import Server
from tests.harness.tokens import mint

UNAUTHORIZED = Closed(4501, "unauthorized")

BAD_TOKENS = {
    "not a JWT": ("garbage", "AUTH_ERROR"),
    "three parts of nothing": ("a.b.c", "AUTH_ERROR"),
    "signed by another": (mint(secret="x" * 64), "AUTH_ERROR"),
    "an algorithm of the token's choice": (mint(algorithm="HS512"), "AUTH_ERROR"),
    "no signature": (mint(secret="", algorithm="none"), "AUTH_ERROR"),
    "no expiry": (mint(exp=None), "AUTH_ERROR"),
    "expiry is text": (mint(exp="tomorrow"), "AUTH_ERROR"),
    "nobody's": (mint(user_id=None), "AUTH_ERROR"),
    "user id is a list": (mint(user_id=[1]), "AUTH_ERROR"),
    "user id is a fraction": (mint(user_id=1.5), "AUTH_ERROR"),
    "user id is true": (mint(user_id=True), "AUTH_ERROR"),
    "rooms is a number": (mint(rooms=7), "AUTH_ERROR"),
    "expired": (mint(lifetime_s=-60), "TOKEN_EXPIRED"),
}
bad_tokens = pytest.mark.parametrize(("token", "code"), BAD_TOKENS.values(), ids=BAD_TOKENS)


async def goodbye(client: Client) -> str:
    """Read the error that comes instead of a welcome and the close behind it; return the code."""
    message = (await client.message()).body
    error = checked(message["error"])
    assert message["type"] == "error", message
    assert await client.closed() == UNAUTHORIZED
    return str(error["code"])


@pytest.mark.parametrize("via", ["header", "subprotocol", "query"])
async def test_a_good_token_in_the_upgrade_is_welcomed(connect: Connect, via: str) -> None:
    """Header, subprotocol and query each lead straight to the welcome of that user."""
    client = await connect("ann", user_id=f"ann-by-{via}", via=via)
    assert client.user_id == f"ann-by-{via}"


async def test_a_good_token_in_the_first_message_is_welcomed_before_the_reply(connect: Connect) -> None:
    """`authenticate` as the first message: first the welcome, then the reply with the identity."""
    client = await connect(via="none")
    token = mint("late-ann", "Ann", role="moderator", exp=int(time.time()) + 600)
    await client.send({"type": "authenticate", "id": "first", "token": token})
    first = await client.message()
    assert first.body["type"] == "welcome"
    assert client.replies == {}
    reply = await client.reply("first")
    expiry = first.body["tokenExpiresAt"]
    expected = {"userId": "late-ann", "username": "Ann", "role": "moderator", "tokenExpiresAt": expiry}
    assert {name: reply[name] for name in expected} == expected


async def test_authenticate_without_an_id_is_welcomed_in_silence(connect: Connect) -> None:
    """Without `id` the welcome is the only answer."""
    client = await connect(via="none")
    await client.send({"type": "authenticate", "token": mint("quiet-ann")})
    assert (await client.event("welcome"))["userId"] == "quiet-ann"
    assert await client.pending() == []


@bad_tokens
async def test_a_bad_token_in_the_header_is_refused_before_the_upgrade(server: Server, token: str, code: str) -> None:
    """HTTP 401 with the JSON error body."""
    refusal = await refused_upgrade(server, headers=[("Authorization", f"Bearer {token}")])
    assert refusal.status == 401
    assert refusal.code == code


@bad_tokens
async def test_verify_says_what_the_upgrade_would_say(api: Api, token: str, code: str) -> None:
    """POST /api/auth/verify gives the same code over plain HTTP."""
    await api.refused(code, "POST", "/api/auth/verify", token)


@bad_tokens
async def test_a_bad_token_in_a_subprotocol_is_refused_after_the_upgrade(
    connect: Connect, token: str, code: str
) -> None:
    """The browser form: upgrade, error message, close 4501."""
    client = await connect(via="subprotocol", token=token, welcome=False)
    assert await goodbye(client) == code


@bad_tokens
async def test_a_bad_token_in_the_query_is_refused_after_the_upgrade(connect: Connect, token: str, code: str) -> None:
    """The query form: upgrade, error message, close 4501."""
    client = await connect(via="query", token=token, welcome=False)
    assert await goodbye(client) == code


@bad_tokens
async def test_a_bad_token_in_the_first_message_is_refused(connect: Connect, token: str, code: str) -> None:
    """`authenticate` with a bad token: error, close 4501."""
    client = await connect(via="none")
    await client.send({"type": "authenticate", "token": token})
    assert await goodbye(client) == code


async def test_a_refused_authenticate_with_an_id_gets_its_reply(connect: Connect) -> None:
    """With `id` exactly one reply follows, here with the failure, and then the close."""
    client = await connect(via="none")
    assert (await client.refused("authenticate", token="garbage"))["code"] == "AUTH_ERROR"
    assert await client.closed() == UNAUTHORIZED


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"ping"}',
        '{"type":"create-room","name":"Too early"}',
        '{"type":"no-such-type"}',
        '{"token":"no type"}',
        "[]",
        "not JSON",
        '{"type":"authenticate"}',
    ],
)
async def test_any_other_first_message_ends_the_connection(connect: Connect, first: str) -> None:
    """Nothing is served before authentication: AUTH_ERROR, close 4501."""
    client = await connect(via="none")
    await client.send(first)
    assert await goodbye(client) == "AUTH_ERROR"


async def test_no_token_in_time_ends_the_connection(connect: Connect, impatient: Server) -> None:
    """AUTH_TIMEOUT without a message: error, close 4501."""
    client = await connect(at=impatient, via="none")
    assert await goodbye(client) == "AUTH_ERROR"


async def test_a_bad_header_is_not_outvoted_by_a_good_query(server: Server) -> None:
    """The token is taken from the first place of the list, and the header is first."""
    refusal = await refused_upgrade(server, f"/ws?token={mint()}", headers=[("Authorization", "Bearer bad")])
    assert refusal.code == "AUTH_ERROR"


async def test_the_header_names_the_user_before_subprotocol_and_query(connect: Connect) -> None:
    """Three good tokens: the header's user is connected."""
    client = await connect(
        user_id="by-header",
        subprotocols=["trio-signal.v1", f"bearer.{mint('by-subprotocol')}"],
        resource=f"/ws?token={mint('by-query')}",
    )
    assert client.user_id == "by-header"


async def test_the_subprotocol_names_the_user_before_the_query(connect: Connect) -> None:
    """Two good tokens: the subprotocol's user is connected."""
    client = await connect(user_id="by-subprotocol", via="subprotocol", resource=f"/ws?token={mint('by-query')}")
    assert client.user_id == "by-subprotocol"


async def test_the_scheme_bearer_is_case_insensitive(connect: Connect) -> None:
    """RFC 9110 section 11.1: `authorization: bearer` is the same scheme."""
    client = await connect(via="none", headers=[("authorization", f"bearer {mint('lower-ann')}")])
    assert (await client.event("welcome"))["userId"] == "lower-ann"


async def test_sub_and_name_stand_in_for_user_id_and_username(connect: Connect) -> None:
    """A token of a common issuer: `sub` and `name`."""
    token = mint(user_id=None, username=None, sub="auth0|42", name="Ann of Auth")  # type: ignore[arg-type]
    client = await connect(token=token)
    assert (client.user_id, client.welcome["username"]) == ("auth0|42", "Ann of Auth")
