"""Tokens of any content, signed by hand, so that a library's checks at signing do not stand in the way."""

import base64
import hashlib
import hmac
import json
from typing import Any

from trio_signal.auth import TokenPolicy, verify_token
from trio_signal.domain.identity import Identity
from trio_signal.protocol.codes import Refused

SECRET = "a secret of sixty-four bytes, which is as much as HS512 asks for."
NOW = 1_790_000_000.0
CLAIMS: dict[str, Any] = {"userId": 7, "username": "ann", "exp": NOW + 60}
_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signed(
    payload: bytes | dict[str, Any], *, alg: str = "HS256", secret: str = SECRET, header: bytes | None = None
) -> str:
    """A JWT with any payload and any header."""
    if isinstance(payload, dict):
        payload = json.dumps(payload).encode()
    if header is None:
        header = json.dumps({"alg": alg, "typ": "JWT"}).encode()
    said = _part(header) + b"." + _part(payload)
    signature = hmac.new(secret.encode(), said, _HASHES.get(alg, hashlib.sha256)).digest()
    return (said + b"." + _part(signature)).decode()


def outcome(token: str, now: float = NOW, **policy: Any) -> Identity | str:
    """The identity, or the code of the refusal."""
    found = verify_token(token, TokenPolicy(SECRET, **policy), now)
    return found.code.name if isinstance(found, Refused) else found


def outcome_of(claims: dict[str, Any], **policy: Any) -> Identity | str:
    """The same for claims that are well signed; a claim of None is left out."""
    kept = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return outcome(signed(kept), **policy)
