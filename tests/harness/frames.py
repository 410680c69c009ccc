"""WebSocket frames made by hand (RFC 6455, section 5.2), and JSON members as they stand in the text."""

import json
import os
from itertools import cycle, pairwise

import trio

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def frame(opcode: int, payload: bytes | str, *, fin: bool = True) -> bytes:
    """Return one masked client frame."""
    data = payload.encode() if isinstance(payload, str) else payload
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(data) < 126:
        length = bytes([0x80 | len(data)])
    elif len(data) < 65536:
        length = bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + len(data).to_bytes(8, "big")
    mask = os.urandom(4)
    return head + length + mask + bytes(a ^ b for a, b in zip(data, cycle(mask), strict=False))


def fragments(payload: bytes | str, *cuts: int) -> list[bytes]:
    """Return one text message as frames, cut at the given byte offsets."""
    data = payload.encode() if isinstance(payload, str) else payload
    edges = [0, *cuts, len(data)]
    parts = [data[a:b] for a, b in pairwise(edges)]
    last = len(parts) - 1
    return [frame(CONTINUATION if i else TEXT, part, fin=i == last) for i, part in enumerate(parts)]


def raw_members(text: str) -> list[tuple[str, str]]:
    """Return the members of a JSON object with each value as it stands in `text`, doubles included."""
    decoder = json.JSONDecoder()
    members: list[tuple[str, str]] = []
    at = _skip(text, 0, "{")
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        start = _skip(text, at, ":")
        _, end = decoder.raw_decode(text, start)
        members.append((key, text[start:end]))
        at = _skip(text, end, ",")
    return members


def _skip(text: str, at: int, sign: str) -> int:
    while text[at] in " \t\r\n":
        at += 1
    if text[at] == sign:
        at += 1
    while text[at] in " \t\r\n":
        at += 1
    return at


def server_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the complete frames a server sent, opcode and payload of each, and the bytes left over."""
    frames: list[tuple[int, bytes]] = []
    at = 0
    while len(data) >= at + 2:
        size, start = data[at + 1] & 0x7F, at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, start = int.from_bytes(data[start : start + width], "big"), start + width
        if len(data) < start + size:
            break
        frames.append((data[at] & 0x0F, data[start : start + size]))
        at = start + size
    return frames, data[at:]


async def read_to_close(stream: trio.abc.ReceiveStream) -> tuple[list[int], tuple[int, str]]:
    """Read until the server's close frame; return the opcodes before it, and its code and reason."""
    opcodes: list[int] = []
    rest = b""
    while data := await stream.receive_some():
        frames, rest = server_frames(rest + data)
        for opcode, payload in frames:
            if opcode == CLOSE:
                return opcodes, (int.from_bytes(payload[:2], "big"), payload[2:].decode())
            opcodes.append(opcode)
    raise AssertionError("the connection ended without a close frame")
