"""PROTOCOL.md 7: register, login and verify."""

import time
import uuid

import pytest

from tests.contract.conftest import Connect
from tests.harness.client import Json
from tests.harness.http import Api, http_error
from tests.harness.tokens import mint


@pytest.fixture
def account() -> Json:
    """A new account's registration."""
    return {"username": "Ann", "email": f"{uuid.uuid4().hex}@example.org", "password": "correct horse"}


async def test_register_gives_a_user_and_a_token(api: Api, account: Json) -> None:
    """201 with `token`, `expiresAt` and the user, and no password anywhere."""
    answer = await api.ok("POST", "/api/auth/register", json=account, status=201)
    assert set(answer) >= {"success", "token", "expiresAt", "user"}
    user = answer["user"]
    assert isinstance(user["id"], int)
    assert (user["username"], user["email"], user["role"]) == ("Ann", account["email"], "user")
    assert answer["expiresAt"] > time.time() + 60
    assert "correct horse" not in str(answer)
    assert "argon2" not in str(answer)


async def test_the_token_of_register_connects_as_that_user(api: Api, connect: Connect, account: Json) -> None:
    """The welcome names the registered user and the token's expiry."""
    answer = await api.ok("POST", "/api/auth/register", json=account, status=201)
    client = await connect(token=answer["token"])
    assert (client.user_id, client.welcome["username"]) == (answer["user"]["id"], "Ann")
    assert client.welcome["tokenExpiresAt"] == answer["expiresAt"]


async def test_login_gives_the_same_user(api: Api, account: Json) -> None:
    """200 with the shape of register."""
    registered = await api.ok("POST", "/api/auth/register", json=account, status=201)
    login = {"email": account["email"], "password": account["password"]}
    answer = await api.ok("POST", "/api/auth/login", json=login)
    assert answer["user"] == registered["user"]
    verified = await api.ok("POST", "/api/auth/verify", answer["token"])
    assert verified["expiresAt"] == answer["expiresAt"]


async def test_an_email_can_be_registered_once(api: Api, account: Json) -> None:
    """EMAIL_TAKEN, 409."""
    await api.ok("POST", "/api/auth/register", json=account, status=201)
    await api.refused("EMAIL_TAKEN", "POST", "/api/auth/register", json={**account, "username": "Other"})


async def test_a_wrong_email_and_a_wrong_password_look_the_same(api: Api, account: Json) -> None:
    """401 AUTH_ERROR with one message for both."""
    await api.ok("POST", "/api/auth/register", json=account, status=201)
    wrong_password = {"email": account["email"], "password": "wrong horse"}
    wrong_email = {"email": f"x{account['email']}", "password": account["password"]}
    errors = [
        await api.refused("AUTH_ERROR", "POST", "/api/auth/login", json=login)
        for login in (wrong_password, wrong_email)
    ]
    assert errors[0] == errors[1]


async def test_a_wrong_email_and_a_wrong_password_take_the_same_time(api: Api, account: Json) -> None:
    """The quickest of some calls each: neither is under half of the other."""
    await api.ok("POST", "/api/auth/register", json=account, status=201)
    times: dict[str, list[float]] = {account["email"]: [], f"x{account['email']}": []}
    for _ in range(6):
        for email, taken in times.items():
            start = time.perf_counter()
            await api.refused("AUTH_ERROR", "POST", "/api/auth/login", json={"email": email, "password": "wrong one"})
            taken.append(time.perf_counter() - start)
    quickest = sorted(min(taken) for taken in times.values())
    assert quickest[0] > quickest[1] / 2, times


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": None}, "username"),
        ({"username": ""}, "username"),
        ({"username": 7}, "username"),
        ({"username": "x" * 101}, "username"),
        ({"email": None}, "email"),
        ({"email": "no-at-sign"}, "email"),
        ({"email": ["a@example.org"]}, "email"),
        ({"email": "x" * 250 + "@example.org"}, "email"),
        ({"password": None}, "password"),
        ({"password": "1234567"}, "password"),
        ({"password": 12345678}, "password"),
    ],
)
async def test_a_bad_registration_names_the_field(api: Api, account: Json, change: Json, field: str) -> None:
    """VALIDATION_ERROR, 400, `details.field`."""
    error = await api.refused("VALIDATION_ERROR", "POST", "/api/auth/register", json=account | change)
    assert error["details"]["field"] == field


@pytest.mark.parametrize(("change", "field"), [({"email": 7}, "email"), ({"password": None}, "password")])
async def test_a_bad_login_names_the_field(api: Api, account: Json, change: Json, field: str) -> None:
    """The same for login."""
    error = await api.refused("VALIDATION_ERROR", "POST", "/api/auth/login", json=account | change)
    assert error["details"]["field"] == field


async def test_a_password_of_eight_characters_will_do(api: Api, account: Json) -> None:
    """8 is the least."""
    await api.ok("POST", "/api/auth/register", json=account | {"password": "12345678"}, status=201)


async def test_verify_tells_identity_and_expiry(api: Api) -> None:
    """200 with `user` and `expiresAt` of a token minted elsewhere."""
    expiry = int(time.time()) + 500
    token = mint("elsewhere-7", "Elsa", role="moderator", exp=expiry)
    answer = await api.ok("POST", "/api/auth/verify", token)
    assert answer["expiresAt"] == expiry
    assert (answer["user"]["id"], answer["user"]["username"]) == ("elsewhere-7", "Elsa")
    assert answer["user"]["role"] == "moderator"


PROTECTED = [
    ("POST", "/api/auth/verify"),
    ("GET", "/api/rooms"),
    ("GET", "/api/rooms/some-room"),
    ("DELETE", "/api/rooms/some-room"),
    ("GET", "/api/rooms/some-room/participants"),
    ("DELETE", "/api/rooms/some-room/peers/p_x"),
    ("POST", "/api/rooms/some-room/messages"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_a_call_without_a_token_is_refused(api: Api, method: str, path: str) -> None:
    """401 AUTH_ERROR."""
    await api.refused("AUTH_ERROR", method, path)


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_a_call_with_an_expired_token_is_refused(api: Api, method: str, path: str) -> None:
    """401 TOKEN_EXPIRED."""
    await api.refused("TOKEN_EXPIRED", method, path, mint(lifetime_s=-60))


@pytest.mark.parametrize("value", ["Basic YW5uOnBhc3M=", "Bearer", "Bearer a b", "garbage"])
async def test_a_header_that_is_no_bearer_token_is_refused(api: Api, value: str) -> None:
    """401 AUTH_ERROR for any other Authorization."""
    response = await api.http.get("/api/rooms", headers={"Authorization": value})
    http_error(response, "AUTH_ERROR")
