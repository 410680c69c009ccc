"""Lone surrogate escapes (`"\\ud83d"`), for a decoder that refuses them.

JSON's grammar allows them (RFC 8259 section 8.2), and `JSON.stringify` writes one for a string that was cut inside an
emoji. Relayed payloads must arrive as sent, so each is replaced by six harmless characters while the message is
decoded, and put back into the raw payload afterwards.
"""

import re
from collections.abc import Mapping

_ESCAPE = re.compile(
    rb"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_MARKS = (b"~~", b"~!", b"!~", b"^^", b"^~", b"~^", b"``", b"`~")
MAX_LONE = 0xFFFF


def has_surrogates(message: bytes) -> bool:
    """Whether it may be worth looking closer."""
    return b"\\u" in message and (b"\\ud" in message or b"\\uD" in message)


def hide_lone(message: bytes) -> tuple[bytes, Mapping[bytes, bytes]]:
    """The message, of the same length, with its lone surrogates replaced; and what stands for what."""
    mark = next((mark for mark in _MARKS if mark not in message), None)
    hidden: dict[bytes, bytes] = {}
    if mark is None:
        return message, hidden

    def replace(found: "re.Match[bytes]") -> bytes:
        if found["lone"] is None or len(hidden) >= MAX_LONE:
            return found[0]
        stand_in = mark + b"%04x" % len(hidden)
        hidden[stand_in] = found[0]
        return stand_in

    return _ESCAPE.sub(replace, message), hidden


def put_back(raw: bytes, hidden: Mapping[bytes, bytes]) -> bytes:
    """A part of such a message as it was."""
    mark = next(iter(hidden))[:2]
    return re.sub(re.escape(mark) + rb"[0-9a-f]{4}", lambda found: hidden[found[0]], raw)
