"""The same work on plain trio-websocket: a task per connection, `json`, and `send_message` to each receiver.

What a first version on Trio looks like. It shows what the express lane and the pump save; the memory of its
idle connections is mostly trio-websocket's own.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from typing import Any

import attrs
import jwt
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

Message = dict[str, Any]
HEARTBEAT_S = 25
ROOM_ID = re.compile(r"[A-Za-z0-9_-]{3,100}\Z")
PAYLOADS = {
    "offer": "sdp",
    "answer": "sdp",
    "ice-candidate": "candidate",
    "signal": "data",
    "message": "data",
}


class RefusedError(Exception):
    """A request that is answered with an error; `args` are code and message."""


@attrs.define(eq=False)
class Room:
    """A room and who is in it, by peer id."""

    room_id: str
    name: str
    owner_id: object
    max_users: int
    members: dict[str, Peer] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Peer:
    """One connection and the room it is in."""

    peer_id: str
    user_id: object
    username: str
    socket: WebSocketConnection
    room: Room | None = None
    joined_at: int = 0


ROOMS: dict[str, Room] = {}


def member_of(peer: Peer, *, polite: bool) -> Message:
    """The `member` object of the contract."""
    return {
        "peerId": peer.peer_id,
        "userId": peer.user_id,
        "username": peer.username,
        "state": {},
        "polite": polite,
        "joinedAt": peer.joined_at,
    }


async def send(peer: Peer, text: str) -> None:
    """Sends to one peer; one that has just gone is no error."""
    try:
        await peer.socket.send_message(text)
    except ConnectionClosed:
        await trio.lowlevel.checkpoint()


async def broadcast(room: Room, sender: Peer, message: Message) -> int:
    """Sends to every other member, encoded once; returns how many."""
    text = json.dumps(message)
    receivers = [member for member in room.members.values() if member is not sender]
    if not receivers:
        await trio.lowlevel.checkpoint()
        return 0
    await send(receivers[0], text)
    for member in receivers[1:]:
        await send(member, text)
    return len(receivers)


async def enter(peer: Peer, room: Room) -> Message:
    """Puts the peer in, tells the others, and returns the join reply."""
    existing = [member_of(member, polite=True) for member in room.members.values()]
    peer.room, peer.joined_at = room, int(time.time())
    room.members[peer.peer_id] = peer
    await broadcast(room, peer, {"type": "user-joined", **member_of(peer, polite=False)})
    return {
        "roomId": room.room_id,
        "name": room.name,
        "ownerId": room.owner_id,
        "maxUsers": room.max_users,
        "existingUsers": existing,
    }


async def create_room(peer: Peer, message: Message) -> Message:
    """`create-room` of the contract."""
    room_id = message.get("roomId") or secrets.token_urlsafe(9)
    name, max_users = message.get("name"), message.get("maxUsers", 10)
    if not isinstance(room_id, str) or not ROOM_ID.match(room_id) or not isinstance(name, str):
        raise RefusedError("VALIDATION_ERROR", "roomId or name")
    if not isinstance(max_users, int) or not 1 <= max_users <= 1000:
        raise RefusedError("VALIDATION_ERROR", "maxUsers")
    if peer.room is not None:
        raise RefusedError("IN_ANOTHER_ROOM", "Leave the other room first.")
    if room_id in ROOMS:
        raise RefusedError("ROOM_EXISTS", "A room with this id exists.")
    room = ROOMS[room_id] = Room(room_id, name, peer.user_id, max_users)
    return await enter(peer, room)


async def join_room(peer: Peer, message: Message) -> Message:
    """`join-room` of the contract."""
    room = ROOMS.get(str(message.get("roomId")))
    if room is None:
        raise RefusedError("ROOM_NOT_FOUND", "There is no such room.")
    if peer.room is not None:
        raise RefusedError("ALREADY_JOINED" if peer.room is room else "IN_ANOTHER_ROOM", "Already in a room.")
    if len(room.members) >= room.max_users:
        raise RefusedError("ROOM_FULL", "The room is full.")
    return await enter(peer, room)


async def relay(peer: Peer, message: Message) -> Message:
    """The five relayed types, with and without `to`."""
    kind = message["type"]
    field = PAYLOADS[kind]
    if field not in message:
        raise RefusedError("VALIDATION_ERROR", field)
    if peer.room is None:
        raise RefusedError("NOT_IN_ROOM", "Join a room first.")
    event = {"type": kind, "from": peer.peer_id, field: message[field]}
    to = message.get("to")
    if to is None:
        return {"delivered": await broadcast(peer.room, peer, event)}
    target = peer.room.members.get(to) if isinstance(to, str) else None
    if target is None or target is peer:
        raise RefusedError("PEER_NOT_FOUND", "No such peer in this room.")
    await send(target, json.dumps(event))
    return {"delivered": 1}


async def answer(peer: Peer, text: str | bytes) -> None:
    """Handles one message; refusals are answered, the connection stays."""
    message: Message = {}
    try:
        message = json.loads(text)
        kind = message.get("type")
        if kind in PAYLOADS:
            result = await relay(peer, message)
        elif kind == "create-room":
            result = await create_room(peer, message)
        elif kind == "join-room":
            result = await join_room(peer, message)
        else:
            raise RefusedError("VALIDATION_ERROR", "type")  # noqa: TRY301
    except RefusedError as refusal:
        code, reason = refusal.args
        error = {"code": code, "message": reason, "retryable": False}
        await send(peer, json.dumps({"type": "error", "request": message.get("type"), "error": error}))
        return
    if message.get("id") is not None:
        await send(peer, json.dumps({"type": "reply", "id": message["id"], "success": True, **result}))


async def leave(peer: Peer) -> None:
    """Takes a gone peer out of its room and tells the others."""
    room = peer.room
    if room is None:
        await trio.lowlevel.checkpoint()
        return
    del room.members[peer.peer_id]
    if not room.members:
        del ROOMS[room.room_id]
    await broadcast(
        room,
        peer,
        {"type": "user-left", "peerId": peer.peer_id, "userId": peer.user_id, "reason": "disconnected"},
    )


async def beat(socket: WebSocketConnection) -> None:
    """Pings every 25 s; `ping` waits for the pong."""
    while True:
        await trio.sleep(HEARTBEAT_S)
        with trio.move_on_after(10) as scope:
            await socket.ping()
        if scope.cancelled_caught:
            await socket.aclose(4008, "heartbeat-timeout")


async def serve_peer(request: WebSocketRequest) -> None:
    """One connection, from its token to its goodbye."""
    header = dict(request.headers).get(b"authorization", b"").decode("latin-1")
    try:
        claims = jwt.decode(header.removeprefix("Bearer "), os.environ["JWT_SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        await request.reject(401)
        return
    socket = await request.accept()
    peer = Peer(f"p_{secrets.token_urlsafe(16)}", claims["userId"], claims["username"], socket)
    await send(peer, json.dumps({"type": "welcome", "protocol": "trio-signal.v1", "peerId": peer.peer_id}))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat, socket)
        try:
            while True:
                await answer(peer, await socket.get_message())
        except ConnectionClosed:
            await leave(peer)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(serve_websocket, serve_peer, os.environ["HOST"], int(os.environ["PORT"]), None)
