"""Every code of PROTOCOL.md section 5, with its status or its name."""

import pytest

from trio_signal.protocol.codes import CloseCode, ErrorCode, LeaveReason, Refused, invalid, rate_limited

ERROR_TABLE = """
| code | HTTP status | | code | HTTP status |
|---|---|---|---|---|
| `VALIDATION_ERROR` | 400 | | `ROOM_EXISTS`, `ALREADY_JOINED`, `IN_ANOTHER_ROOM`, `NOT_IN_ROOM`, `EMAIL_TAKEN` | 409 |
| `AUTH_ERROR`, `TOKEN_EXPIRED` | 401 | | `RATE_LIMIT` (`details.retryAfterMs`) | 429 |
| `ROOM_FULL`, `FORBIDDEN`, `ORIGIN_NOT_ALLOWED` | 403 | | `INTERNAL_ERROR` (never an inner message or a trace) | 500 |
| `ROOM_NOT_FOUND`, `PEER_NOT_FOUND`, `NOT_FOUND` | 404 | | `UNAVAILABLE` (store or bus away; retryable) | 503 |
"""
CLOSE_TABLE = """
| code | name | | code | name |
|---|---|---|---|---|
| 1000 / 1001 | normal / going away | | 4001 | token-expired |
| 1003, 1007, 1009 | binary, not UTF-8, too big | | 4008 | heartbeat-timeout |
| 1011 | internal-error | | 4013 | slow-consumer |
| 1012 | service-restart (drain) | | 4029 | rate-limited (kept flooding) |
| 1013 | try-again-later (full) | | 4500 / 4501 / 4503 / 4509 | bad-request / unauthorized / kicked / replaced |
"""


def cells(table: str) -> list[tuple[str, str]]:
    """The two halves of each row, as pairs."""
    pairs = []
    for row in table.strip().splitlines()[2:]:
        left, right, _, more_left, more_right = (cell.strip() for cell in row.strip("|").split("|"))
        pairs += [(left, right), (more_left, more_right)]
    return pairs


def items(cell: str) -> list[str]:
    """The names in a cell, without what is said about them in brackets."""
    separated = cell.replace(" / ", ",").replace("`", "").split(",")
    return [item.partition("(")[0].strip() for item in separated]


ERRORS = {name: int(status) for names, status in cells(ERROR_TABLE) for name in items(names)}
CLOSES = {
    int(code): name
    for codes, names in cells(CLOSE_TABLE)
    for code, name in zip(items(codes), items(names), strict=True)
}


def test_there_is_no_error_code_more_or_less() -> None:
    """Clients switch on them."""
    assert {code.name for code in ErrorCode} == set(ERRORS)


@pytest.mark.parametrize(("name", "status"), ERRORS.items())
def test_each_error_has_its_http_status(name: str, status: int) -> None:
    """The one of the table; the name is what goes over the wire."""
    code = ErrorCode[name]
    assert (code.http_status, code.value[0]) == (status, name)
    assert Refused(code, "no").status == status


def test_what_passes_by_itself_is_retryable() -> None:
    """A limit, a fault, an absence; nothing that the client must change first."""
    assert {code.name for code in ErrorCode if code.retryable} == {"RATE_LIMIT", "INTERNAL_ERROR", "UNAVAILABLE"}


@pytest.mark.parametrize(("code", "name"), CLOSES.items())
def test_each_close_code_has_its_name(code: int, name: str) -> None:
    """It is the reason in the close frame."""
    assert CloseCode(code).reason == name


def test_there_is_no_close_code_more() -> None:
    """Except 1002, which RFC 6455 says by itself."""
    assert {int(code) for code in CloseCode} == set(CLOSES) | {1002}


def test_reasons_fit_into_a_close_frame() -> None:
    """RFC 6455 section 5.5: 125 bytes with the code."""
    assert all(len(code.reason.encode()) <= 123 for code in CloseCode)


def test_leave_reasons_are_those_of_the_contract() -> None:
    """PROTOCOL.md section 4."""
    reasons = {"left", "disconnected", "kicked", "timeout", "server-shutdown", "node-lost"}
    assert {reason.value for reason in LeaveReason} == reasons


def test_an_error_object_has_details_only_where_there_are_some() -> None:
    """`{"code","message","retryable", "details"?}`."""
    assert Refused(ErrorCode.ROOM_FULL, "Full.").as_object() == {
        "code": "ROOM_FULL",
        "message": "Full.",
        "retryable": False,
    }
    assert invalid("name", "No.").as_object() == {
        "code": "VALIDATION_ERROR",
        "message": "No.",
        "retryable": False,
        "details": {"field": "name"},
    }


@pytest.mark.parametrize(("seconds", "ms"), [(0.0001, 1), (0.5, 500), (12.3456, 12346), (60, 60_000)])
def test_a_rate_limit_says_when_to_come_back(seconds: float, ms: int) -> None:
    """In whole milliseconds, at least one."""
    refused = rate_limited(seconds)
    assert (refused.code, refused.details) == (ErrorCode.RATE_LIMIT, {"retryAfterMs": ms})


def test_a_status_may_differ_from_the_codes_own() -> None:
    """413 is a VALIDATION_ERROR too."""
    assert Refused(ErrorCode.VALIDATION_ERROR, "Too much.", http_status=413).status == 413


def test_a_refusal_cannot_be_changed() -> None:
    """Some are constants of their modules."""
    with pytest.raises(TypeError):
        Refused(ErrorCode.NOT_FOUND, "").details["a"] = 1  # type: ignore[index]
