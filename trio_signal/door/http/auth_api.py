"""`/api/auth/…`: register, log in, and find out what a token says."""

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trio_signal.auth import PasswordHasher, auth_error, mint_token
from trio_signal.domain.identity import Role
from trio_signal.door.http.answers import HttpRefusal, authenticated, granted, node_of, read_json, success
from trio_signal.door.origin import forwarded_address
from trio_signal.limits import address_key
from trio_signal.protocol.codes import ErrorCode, Refused, rate_limited
from trio_signal.protocol.values import check_email, check_password, check_username
from trio_signal.session.node import Node, store_deadline
from trio_signal.store.base import UserRow

HASHING_THREADS = 2
WRONG_LOGIN = auth_error("Wrong e-mail or password.")
EMAIL_TAKEN = Refused(ErrorCode.EMAIL_TAKEN, "There is an account with this e-mail already.", {"field": "email"})


class Registration(msgspec.Struct):
    username: str
    email: str
    password: str


class Login(msgspec.Struct):
    email: str
    password: str


class AuthApi:
    """The calls, and what they need: argon2 in threads of their own, so that logins cannot hold up rows."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = trio.CapacityLimiter(HASHING_THREADS)

    def routes(self) -> list[Route]:
        """Below `/api`."""
        return [
            Route("/auth/register", self.register, methods=["POST"]),
            Route("/auth/login", self.login, methods=["POST"]),
            Route("/auth/verify", self.verify, methods=["POST"]),
        ]

    async def register(self, request: Request) -> Response:
        """A new account and its first token: 201."""
        node = node_of(request)
        _limit(node, request)
        body = await read_json(request, Registration)
        username = granted(check_username(body.username))
        email = granted(check_email(body.email))
        password = granted(check_password(body.password))
        hashed = await trio.to_thread.run_sync(self._hasher.hash, password, limiter=self._threads)
        with store_deadline(node.config):
            user = await node.store.add_user(username, email, hashed, node.now())
        if user is None:
            raise HttpRefusal(EMAIL_TAKEN)
        return _with_token(node, user, 201)

    async def login(self, request: Request) -> Response:
        """A token. An unknown e-mail and a wrong password get the same answer in the same time."""
        node = node_of(request)
        _limit(node, request)
        body = await read_json(request, Login)
        with store_deadline(node.config):
            user = await node.store.find_user(body.email.strip().lower())
        stored = user.password_hash if user else None
        matches = await trio.to_thread.run_sync(
            self._hasher.matches, stored, body.password[:1024], limiter=self._threads
        )
        if user is None or not matches:
            raise HttpRefusal(WRONG_LOGIN)
        with store_deadline(node.config):
            await node.store.note_login(user.id, node.now())
        return _with_token(node, user, 200)

    async def verify(self, request: Request) -> Response:
        """What the upgrade would say of this token."""
        identity = authenticated(request)
        user = {
            "id": identity.user_id,
            "username": identity.username,
            "email": identity.email,
            "role": identity.role.value,
        }
        return success({"user": user, "expiresAt": int(identity.expires_at)})


def _limit(node: Node, request: Request) -> None:
    peer = request.client.host if request.client else "unknown"
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    key = address_key(forwarded_address(peer, hops, node.config))
    wait_s = node.limits.auth.wait_s(key, trio.current_time())
    if wait_s:
        raise HttpRefusal(rate_limited(wait_s))


def _with_token(node: Node, user: UserRow, status: int) -> Response:
    token, expires_at = mint_token(
        node.tokens,
        user_id=user.id,
        username=user.username,
        email=user.email,
        role=Role.USER,
        now=node.now(),
        ttl_s=node.config.token_ttl_s,
    )
    shown = {"id": user.id, "username": user.username, "email": user.email, "role": Role.USER.value}
    return success({"token": token, "expiresAt": expires_at, "user": shown}, status)
