"""Rules for single values (PROTOCOL.md section 6): each returns the value to use or a `Refused` naming the field."""

import re
import secrets
import unicodedata

from trio_signal.domain.ids import RoomId
from trio_signal.protocol.codes import Refused, invalid

MAX_DEPTH = 32
MAX_STATE_BYTES = 4096
MAX_REASON_CHARS = 200
MAX_ID_CHARS = 64
NAME_CHARS = (2, 50)

_ROOM_ID = re.compile(r"[A-Za-z0-9_-]{3,100}")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def escape_html(text: str) -> str:
    """The text with `& < > " '` as character references (OWASP's five)."""
    return text.translate(_ESCAPES)


def has_control_characters(text: str) -> bool:
    """Control and format characters, line and paragraph separators, lone surrogates (Unicode Cc, Cs, Zl, Zp)."""
    return any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text)


def check_room_id(value: str, field: str = "roomId") -> RoomId | Refused:
    if _ROOM_ID.fullmatch(value):
        return RoomId(value)
    return invalid(field, "A room id has 3 to 100 characters of A-Z a-z 0-9 - _.")


def check_room_name(value: str, field: str = "name") -> str | Refused:
    """The name trimmed and HTML-escaped, 2-50 characters of it."""
    name = value.strip()
    if has_control_characters(name):
        return invalid(field, "A name has no control characters.")
    escaped = escape_html(name)
    least, most = NAME_CHARS
    if not least <= len(escaped) <= most:
        return invalid(field, f"A name has {least} to {most} characters (after HTML-escaping).")
    return escaped


def check_max_users(value: int, most: int, field: str = "maxUsers") -> int | Refused:
    if 1 <= value <= most:
        return value
    return invalid(field, f"maxUsers is an integer from 1 to {most}.")


def check_reason(value: str | None, field: str = "reason") -> str | Refused:
    """The reason HTML-escaped; none given is the empty string."""
    if value is None:
        return ""
    if len(value) > MAX_REASON_CHARS:
        return invalid(field, f"A reason has at most {MAX_REASON_CHARS} characters.")
    return escape_html(value)


def check_username(value: str) -> str | Refused:
    name = value.strip()
    if not 1 <= len(name) <= 100 or has_control_characters(name):
        return invalid("username", "A user name has 1 to 100 characters and no control characters.")
    return name


def check_email(value: str) -> str | Refused:
    """The address in lower case: one account however it is typed."""
    email = value.strip().lower()
    if len(email) > 255 or not _EMAIL.fullmatch(email):
        return invalid("email", "That is not an e-mail address.")
    return email


def check_password(value: str) -> str | Refused:
    if len(value) < 8:
        return invalid("password", "A password has at least 8 characters.")
    if len(value) > 1024:
        return invalid("password", "A password has at most 1,024 characters.")
    return value


def is_too_deep(message: bytes) -> bool:
    """Whether valid JSON nests deeper than `MAX_DEPTH`, the outermost value counted.

    The count of brackets bounds the depth, and is nearly free; only what exceeds it is looked at closely.
    """
    if message.count(b"{") + message.count(b"[") <= MAX_DEPTH:
        return False
    brackets = _STRINGS.sub(b"", message).translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        # Every round takes the innermost pairs away, so the rounds needed are at least the depth; siblings that
        # become neighbours of an emptied pair go in the same round, so they are exactly the depth.
        brackets = _without_innermost(brackets)
    return bool(brackets)


_INNERMOST = re.compile(rb"(?:\{\}|\[\])+")


def _without_innermost(brackets: bytes) -> bytes:
    return _INNERMOST.sub(b"", brackets)


def spread(total_ms: int) -> int:
    """A delay from 0.5 to 1 of `total_ms`, at random: for clients that should not come back all at once."""
    return total_ms // 2 + secrets.randbelow(max(1, total_ms // 2))
