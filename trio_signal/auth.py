"""Token to identity, and back; password hashing. Pure: `now` is an argument.

Tokens are JWTs (RFC 7519). Which algorithms count is configuration, never the token's own word (RFC 8725 section 3.1).
"""

import re
from collections.abc import Mapping
from typing import Any

import argon2
import attrs
import jwt

from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import UserId
from trio_signal.protocol.codes import ErrorCode, Refused

LEEWAY_S = 5
"""How far clocks may differ for `iat` and `nbf`; `exp` is taken at its word."""
MAX_USER_ID_CHARS = 200
MIN_SECRET_BYTES = 32
MAX_EXPIRY = 1 << 53

_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9_.~+/=-]+) *")
_OPTIONS: dict[str, Any] = {
    **{f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "sub", "jti")},
    "require": ["exp"],
}
_EXPIRED = Refused(ErrorCode.TOKEN_EXPIRED, "The token has expired.")


@attrs.frozen
class TokenPolicy:
    """What a token must be to count here."""

    secret: str = attrs.field(repr=False)
    algorithms: tuple[str, ...] = ("HS256",)
    issuer: str | None = None
    audience: str | None = None


def auth_error(message: str) -> Refused:
    return Refused(ErrorCode.AUTH_ERROR, message)


def verify_token(token: str, policy: TokenPolicy, now: float) -> Identity | Refused:
    """The identity a token stands for: TOKEN_EXPIRED if only its time is over, AUTH_ERROR for anything else."""
    try:
        claims = jwt.decode(
            token,
            policy.secret,
            algorithms=list(policy.algorithms),
            issuer=policy.issuer,
            audience=policy.audience,
            options=_OPTIONS | {"verify_aud": policy.audience is not None},  # type: ignore[arg-type]
        )
    except jwt.InvalidSignatureError:
        return auth_error("The token's signature is not valid.")
    except jwt.MissingRequiredClaimError as exc:
        return auth_error(f"The token has no {exc.claim} claim.")
    except jwt.InvalidIssuerError:
        return auth_error("The token is from another issuer.")
    except jwt.InvalidAudienceError:
        return auth_error("The token is for another audience.")
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
        return auth_error("The token is not valid.")
    return _identity(claims, now)


def _identity(claims: Mapping[str, Any], now: float) -> Identity | Refused:
    expires_at, not_before = claims["exp"], claims.get("nbf", 0)
    if not _is_time(expires_at) or not _is_time(not_before):
        return auth_error("The token's times are not valid.")
    if not_before > now + LEEWAY_S:
        return auth_error("The token is not valid yet.")
    user_id = _first(claims, "userId", "sub")
    if not _is_user_id(user_id):
        return auth_error("The token names no user (userId or sub).")
    username = _first(claims, "username", "name")
    if username is None:
        username = str(user_id)
    if not _is_text(username) or not 1 <= len(username) <= 100:
        return auth_error("The token's user name is not a string of 1 to 100 characters.")
    rooms, role, email = claims.get("rooms"), claims.get("role"), claims.get("email")
    if rooms is not None and not _is_strings(rooms):
        return auth_error("The token's rooms are not a list of patterns.")
    if role is not None and (not isinstance(role, str) or role not in {kind.value for kind in Role}):
        return auth_error("The token's role is none of user, moderator, admin.")
    if email is not None and not _is_text(email):
        return auth_error("The token's email is not a string.")
    if expires_at <= now:
        return _EXPIRED
    return Identity(
        user_id, username, Role(role or Role.USER), email, float(expires_at),
        None if rooms is None else tuple(rooms),
    )  # fmt: skip


def _first(claims: Mapping[str, Any], *names: str) -> Any:
    return next((claims[name] for name in names if claims.get(name) is not None), None)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_EXPIRY


def _is_text(value: Any) -> bool:
    """A string that can be written as UTF-8: JSON may hold half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _is_user_id(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return abs(value) <= MAX_EXPIRY
    return _is_text(value) and 1 <= len(value) <= MAX_USER_ID_CHARS


def _is_strings(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 100 and all(map(_is_text, value))


def mint_token(
    policy: TokenPolicy,
    *,
    user_id: UserId,
    username: str,
    role: Role,
    now: float,
    ttl_s: int,
    email: str | None = None,
    rooms: tuple[str, ...] | None = None,
) -> tuple[str, int]:
    """A signed token and when it expires (Unix seconds)."""
    expires_at = int(now) + ttl_s
    claims: dict[str, Any] = {
        "userId": user_id, "sub": str(user_id), "username": username, "role": role.value,
        "iat": int(now), "exp": expires_at,
    }  # fmt: skip
    optional = {"email": email, "iss": policy.issuer, "aud": policy.audience}
    claims |= {name: value for name, value in optional.items() if value is not None}
    if rooms is not None:
        claims["rooms"] = list(rooms)
    return jwt.encode(claims, policy.secret, algorithm=policy.algorithms[0]), expires_at


def bearer_token(header: str) -> str | None:
    """The token of an `Authorization: Bearer …` header (RFC 6750 section 2.1); None where it is no such header."""
    found = _BEARER.fullmatch(header)
    return found[1] if found else None


@attrs.frozen
class PasswordHasher:
    """argon2id (RFC 9106). Both calls take tens of milliseconds of one core: run them in a thread."""

    hasher: argon2.PasswordHasher = attrs.field(factory=argon2.PasswordHasher)
    decoy: str = attrs.field(init=False, repr=False)
    """The hash that is checked where there is no account, so that both answers take equal time."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "decoy", self.hasher.hash("nobody has this password"))

    def hash(self, password: str) -> str:
        return self.hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; False for an account that is not there or has none."""
        try:
            self.hasher.verify(stored or self.decoy, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return bool(stored)
