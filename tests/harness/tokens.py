"""Tokens as an issuer that shares the server's secret would mint them."""

import time
from typing import Any

import jwt

SECRET = "a-shared-secret-of-the-contract-tests-long-enough-for-HS512-too-0123456789"


def mint(
    user_id: object = "ann",
    username: str = "ann",
    *,
    role: str | None = None,
    lifetime_s: float = 3600,
    secret: str = SECRET,
    algorithm: str = "HS256",
    **claims: Any,
) -> str:
    """Return a signed JWT; a claim given as `None` is left out."""
    payload: dict[str, Any] = {
        "userId": user_id,
        "username": username,
        "role": role,
        "iat": int(time.time()) - 1,
        "exp": int(time.time() + lifetime_s),
        **claims,
    }
    return jwt.encode({k: v for k, v in payload.items() if v is not None}, secret, algorithm=algorithm)
