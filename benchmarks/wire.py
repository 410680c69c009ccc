"""The client's half of RFC 6455, as little as a load generator needs: upgrade, masked frames, a reader."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

import attrs

Message = dict[str, Any]

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class WireError(Exception):
    """The server sent what this client does not understand or did not ask for."""


def upgrade_request(port: int, token: str) -> bytes:
    """The HTTP request that opens a WebSocket on `/ws`, the token in the Authorization header."""
    return (
        "GET /ws HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {token}\r\n"
        "\r\n"
    ).encode("ascii")


def masked_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One complete frame under a random mask; payloads of up to 65,535 bytes."""
    head = bytes([0x80 | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    else:
        head += struct.pack("!BH", 0x80 | 126, len(payload))
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + masked.to_bytes(len(payload), "big")


def text_frame(message: Message) -> bytes:
    """A message as browsers send it: compact JSON in one masked text frame."""
    return masked_frame(json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode())


@attrs.frozen
class Frame:
    """One frame from the server; `size` counts its header too (bytes)."""

    opcode: int
    payload: bytes
    size: int


@attrs.define
class FrameReader:
    """Cuts a byte stream into unfragmented, unmasked frames."""

    _buffer: bytearray = attrs.field(factory=bytearray)

    @property
    def is_empty(self) -> bool:
        """Whether no part of a frame is waiting."""
        return not self._buffer

    def feed(self, data: bytes | memoryview) -> None:
        """Takes what the socket gave."""
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """The next complete frame, or None when more bytes are needed."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        if not first & 0x80 or first & 0x70 or second & 0x80:
            raise WireError(f"fragmented, compressed or masked frame from the server: {bytes(buffer[:14])!r}")
        start, length = 2, second
        if second == 126:
            start, length = 4, int.from_bytes(buffer[2:4], "big")
        elif second == 127:
            start, length = 10, int.from_bytes(buffer[2:10], "big")
        size = start + length
        if len(buffer) < size or len(buffer) < start:
            return None
        frame = Frame(first & 0x0F, bytes(buffer[start:size]), size)
        del buffer[:size]
        return frame
