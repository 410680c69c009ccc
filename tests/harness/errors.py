"""The error table of the contract and the shape every error object has."""

from typing import Any

STATUS = {
    "VALIDATION_ERROR": 400,
    "AUTH_ERROR": 401,
    "TOKEN_EXPIRED": 401,
    "ROOM_FULL": 403,
    "FORBIDDEN": 403,
    "ORIGIN_NOT_ALLOWED": 403,
    "ROOM_NOT_FOUND": 404,
    "PEER_NOT_FOUND": 404,
    "NOT_FOUND": 404,
    "ROOM_EXISTS": 409,
    "ALREADY_JOINED": 409,
    "IN_ANOTHER_ROOM": 409,
    "NOT_IN_ROOM": 409,
    "EMAIL_TAKEN": 409,
    "RATE_LIMIT": 429,
    "INTERNAL_ERROR": 500,
    "UNAVAILABLE": 503,
}


def checked(error: Any) -> dict[str, Any]:
    """Return `error` once it is `{code, message, retryable, details?}` with a code of the table."""
    assert isinstance(error, dict), error
    assert set(error) <= {"code", "message", "retryable", "details"}, error
    assert error["code"] in STATUS, error
    assert isinstance(error["message"], str), error
    assert error["message"].strip(), error
    assert "Traceback" not in error["message"], error
    assert isinstance(error["retryable"], bool), error
    assert isinstance(error.get("details", {}), dict), error
    if error["code"] == "RATE_LIMIT":
        assert error["details"]["retryAfterMs"] > 0, error
    return error
