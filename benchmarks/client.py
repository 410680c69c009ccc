"""One connection of the load: connects, is welcomed, enters a room; blocking, each step with a deadline."""

from __future__ import annotations

import json
import socket
import struct
import time

import attrs
import jwt

from benchmarks.wire import (
    CLOSE,
    PING,
    PONG,
    FrameReader,
    Message,
    WireError,
    masked_frame,
    text_frame,
    upgrade_request,
)

STEP_TIMEOUT_S = 10.0
MAX_HEAD_BYTES = 16384
JWT_SECRET = "benchmark-secret-of-more-than-thirty-two-bytes"


def mint_token(user_id: int) -> str:
    """An HS256 token for one hour, with the claims of the contract."""
    now = int(time.time())
    claims = {"userId": user_id, "username": f"user{user_id}", "role": "user", "iat": now, "exp": now + 3600}
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


@attrs.define(eq=False)
class Client:
    """A connected peer. `sock` blocks while the stage is set; then a load loop owns it, non-blocking."""

    sock: socket.socket
    peer_id: str = ""
    reader: FrameReader = attrs.field(factory=FrameReader)

    def next_message(self) -> tuple[Message, int]:
        """The next JSON message and its frame's size in bytes; answers pings on the way."""
        deadline = time.monotonic() + STEP_TIMEOUT_S
        while True:
            while (frame := self.reader.next_frame()) is None:
                if time.monotonic() > deadline:
                    raise WireError("no complete frame within the time")
                data = self.sock.recv(65536)
                if not data:
                    raise WireError("the server closed the connection")
                self.reader.feed(data)
            if frame.opcode == PING:
                self.sock.sendall(masked_frame(frame.payload, PONG))
            elif frame.opcode == CLOSE:
                raise WireError(f"the server closed: {frame.payload!r}")
            elif frame.opcode != PONG:
                return json.loads(frame.payload), frame.size

    def wait_for(self, kind: str) -> Message:
        """The next message of that type; other events are passed over, an error is raised."""
        while True:
            message, _ = self.next_message()
            if message["type"] == kind:
                return message
            if message["type"] == "error":
                raise WireError(f"error instead of {kind}: {message}")

    def request(self, message: Message) -> Message:
        """Sends with an id and returns the reply, which must be a success."""
        self.sock.sendall(text_frame({**message, "id": 1}))
        reply = self.wait_for("reply")
        if not reply["success"]:
            raise WireError(f"{message['type']} refused: {reply['error']}")
        return reply

    def pass_over_waiting(self) -> None:
        """Reads away what has arrived without waiting for more (events of other people's joins)."""
        self.sock.setblocking(False)
        try:
            while data := self.sock.recv(65536):
                self.reader.feed(data)
        except BlockingIOError:
            pass
        finally:
            self.sock.settimeout(STEP_TIMEOUT_S)
        while (frame := self.reader.next_frame()) is not None:
            if frame.opcode == PING:
                self.sock.sendall(masked_frame(frame.payload, PONG))

    def close(self) -> None:
        """Cuts the connection without leaving a socket in TIME_WAIT."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def connect(port: int, user_id: int) -> Client:
    """A connection that has had its welcome."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=STEP_TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(upgrade_request(port, mint_token(user_id)))
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(65536)
        if not data or len(head) > MAX_HEAD_BYTES:
            raise WireError(f"no upgrade: {head[:200]!r}")
        head += data
    head, _, rest = head.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        raise WireError(f"upgrade refused: {head[:200]!r} {rest[:200]!r}")
    client = Client(sock)
    client.reader.feed(rest)
    client.peer_id = client.wait_for("welcome")["peerId"]
    return client


def open_rooms(port: int, rooms: int, members: int, first_user: int = 1) -> list[list[Client]]:
    """Connects `rooms` x `members` clients and puts them into rooms; the first of each room creates it."""
    opened: list[list[Client]] = []
    for index in range(rooms):
        user = first_user + index * members
        room = [connect(port, user + offset) for offset in range(members)]
        request = {"type": "create-room", "name": f"Room {user}", "maxUsers": max(members, 2)}
        room_id = room[0].request(request)["roomId"]
        for client in room[1:]:
            client.request({"type": "join-room", "roomId": room_id})
        opened.append(room)
    return opened
