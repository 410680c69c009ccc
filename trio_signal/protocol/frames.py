"""WebSocket frames a server writes (RFC 6455 section 5.2): unmasked, unfragmented, no extension."""

CLOSE_OPCODE = 0x88
"""The first byte of a close frame."""
PING = b"\x89\x00"
"""A ping without payload."""


def text_frame(payload: bytes) -> bytes:
    """The payload as one complete text frame."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame (section 5.5.1); the reason has at most 123 bytes."""
    payload = code.to_bytes(2, "big") + reason.encode()
    return b"\x88" + len(payload).to_bytes(1, "big") + payload


def frame_payload(frame: bytes) -> bytes:
    """The payload of a frame that `text_frame` made."""
    match frame[1]:
        case 126:
            return frame[4:]
        case 127:
            return frame[10:]
        case _:
            return frame[2:]
