"""Every error code and every close code of the wire contract (PROTOCOL.md section 5)."""

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any

import attrs


class ErrorCode(Enum):
    """`(code on the wire, HTTP status, whether the same request may succeed later)`."""

    VALIDATION_ERROR = ("VALIDATION_ERROR", 400, False)
    AUTH_ERROR = ("AUTH_ERROR", 401, False)
    TOKEN_EXPIRED = ("TOKEN_EXPIRED", 401, False)
    ROOM_FULL = ("ROOM_FULL", 403, False)
    FORBIDDEN = ("FORBIDDEN", 403, False)
    ORIGIN_NOT_ALLOWED = ("ORIGIN_NOT_ALLOWED", 403, False)
    ROOM_NOT_FOUND = ("ROOM_NOT_FOUND", 404, False)
    PEER_NOT_FOUND = ("PEER_NOT_FOUND", 404, False)
    NOT_FOUND = ("NOT_FOUND", 404, False)
    ROOM_EXISTS = ("ROOM_EXISTS", 409, False)
    ALREADY_JOINED = ("ALREADY_JOINED", 409, False)
    IN_ANOTHER_ROOM = ("IN_ANOTHER_ROOM", 409, False)
    NOT_IN_ROOM = ("NOT_IN_ROOM", 409, False)
    EMAIL_TAKEN = ("EMAIL_TAKEN", 409, False)
    RATE_LIMIT = ("RATE_LIMIT", 429, True)
    INTERNAL_ERROR = ("INTERNAL_ERROR", 500, True)
    UNAVAILABLE = ("UNAVAILABLE", 503, True)

    @property
    def http_status(self) -> int:
        return self.value[1]

    @property
    def retryable(self) -> bool:
        return self.value[2]


_NO_DETAILS: Mapping[str, Any] = MappingProxyType({})


@attrs.frozen
class Refused:
    """A request that is not granted: a value, not an exception, until it reaches an edge that needs one."""

    code: ErrorCode
    message: str
    details: Mapping[str, Any] = _NO_DETAILS
    http_status: int | None = None
    """Where the status differs from the code's own (413 and 405 are VALIDATION_ERROR too)."""

    @property
    def status(self) -> int:
        return self.http_status or self.code.http_status

    def as_object(self) -> dict[str, Any]:
        """The error object: `{"code","message","retryable","details"?}`."""
        error: dict[str, Any] = {
            "code": self.code.name,
            "message": self.message,
            "retryable": self.code.retryable,
        }
        if self.details:
            error["details"] = dict(self.details)
        return error


def invalid(field: str, message: str) -> Refused:
    """A VALIDATION_ERROR that names the field."""
    return Refused(ErrorCode.VALIDATION_ERROR, message, {"field": field})


def rate_limited(retry_after_s: float) -> Refused:
    """A RATE_LIMIT that says when to come back."""
    retry_after_ms = max(1, round(retry_after_s * 1000))
    return Refused(
        ErrorCode.RATE_LIMIT,
        f"Too many requests. Try again in {retry_after_ms / 1000:.1f} s.",
        {"retryAfterMs": retry_after_ms},
    )


class CloseCode(IntEnum):
    """Close codes (RFC 6455 section 7.4, and our own); 4000-4499 reconnect with back-off, 4500-4999 do not."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    BINARY = 1003
    NOT_UTF8 = 1007
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    TOKEN_EXPIRED = 4001
    HEARTBEAT_TIMEOUT = 4008
    SLOW_CONSUMER = 4013
    RATE_LIMITED = 4029
    BAD_REQUEST = 4500
    UNAUTHORIZED = 4501
    KICKED = 4503
    REPLACED = 4509

    @property
    def reason(self) -> str:
        """The close frame's reason: the short name, `token-expired`."""
        return _REASONS.get(self, self.name.lower().replace("_", "-"))


_REASONS = {CloseCode.NOT_UTF8: "not UTF-8", CloseCode.TOO_BIG: "too big", CloseCode.GOING_AWAY: "going away"}


class LeaveReason(Enum):
    """Why a `user-left` was sent."""

    LEFT = "left"
    DISCONNECTED = "disconnected"
    KICKED = "kicked"
    TIMEOUT = "timeout"
    SERVER_SHUTDOWN = "server-shutdown"
    NODE_LOST = "node-lost"
