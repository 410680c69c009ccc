"""`/api/rooms/…`: the rooms over HTTP, with the same rules as over the WebSocket."""

import msgspec
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.door.http.answers import (
    HttpRefusal,
    authenticated,
    granted,
    node_of,
    query_int,
    read_json,
    success,
)
from trio_signal.protocol.codes import ErrorCode, Refused, invalid
from trio_signal.protocol.messages import ABSENT
from trio_signal.protocol.values import check_room_id, is_too_deep
from trio_signal.session import rooms
from trio_signal.session.node import Node, store_deadline
from trio_signal.session.participant import ROOM_NOT_FOUND
from trio_signal.store.base import MAX_ROW_ID, HistoryRow

PAGE = 100


class ServerMessage(msgspec.Struct):
    data: msgspec.Raw = ABSENT


def routes() -> list[Route]:
    """Below `/api`."""
    return [
        Route("/rooms", list_rooms),
        Route("/rooms/{room_id}", OneRoom),
        Route("/rooms/{room_id}/participants", show_participants),
        Route("/rooms/{room_id}/peers/{peer_id}", kick, methods=["DELETE"]),
        Route("/rooms/{room_id}/messages", say, methods=["POST"]),
    ]


def _room_id(request: Request) -> RoomId:
    return granted(check_room_id(request.path_params["room_id"]))


async def list_rooms(request: Request) -> Response:
    authenticated(request)
    limit = query_int(request, "limit", 1, rooms.MAX_LIMIT, rooms.DEFAULT_LIMIT)
    cursor = request.query_params.get("cursor") or None
    found, following = granted(rooms.list_rooms(node_of(request), limit, cursor))
    return success({"rooms": found} if following is None else {"rooms": found, "cursor": following})


class OneRoom(HTTPEndpoint):
    """`/api/rooms/{id}` itself."""

    async def get(self, request: Request) -> Response:
        """The room and its members."""
        authenticated(request)
        view, members = granted(await rooms.look_into(node_of(request), _room_id(request)))
        return success({"room": {**msgspec.to_builtins(view), "members": members}})

    async def delete(self, request: Request) -> Response:
        """Close it."""
        who = authenticated(request)
        refused = await rooms.close_room(node_of(request), who, _room_id(request), "closed")
        if refused is not None:
            raise HttpRefusal(refused)
        return success()


async def show_participants(request: Request) -> Response:
    """Who was in a room, open or closed, oldest stay first, `limit` (1-100) to a page."""
    who, node, room_id = authenticated(request), node_of(request), _room_id(request)
    limit = query_int(request, "limit", 1, PAGE, PAGE)
    after = query_int(request, "cursor", 0, MAX_ROW_ID, 0)
    with store_deadline(node.config):
        await _may_look(node, who, room_id)
        rows = await node.store.history(room_id, after, limit + 1)
    fields: dict[str, object] = {"participants": [_shown(row) for row in rows[:limit]]}
    if len(rows) > limit:
        fields["cursor"] = str(rows[limit - 1].id)
    return success(fields)


async def _may_look(node: Node, who: Identity, room_id: RoomId) -> None:
    info = await node.store.find_room(room_id)
    if info is None:
        raise HttpRefusal(ROOM_NOT_FOUND)
    if who.role is not Role.ADMIN and not who.is_user(info.owner_id):
        raise HttpRefusal(Refused(ErrorCode.FORBIDDEN, "Only the room's owner and admins may see who was here."))


def _shown(row: HistoryRow) -> dict[str, object]:
    return {
        "userId": row.user_id,
        "username": row.username,
        "peerId": row.peer_id,
        "joinedAt": int(row.joined_at),
        "leftAt": None if row.left_at is None else int(row.left_at),
        "durationSeconds": None if row.duration_s is None else int(row.duration_s),
    }


async def kick(request: Request) -> Response:
    who, peer_id = authenticated(request), PeerId(request.path_params["peer_id"])
    refused = rooms.kick(node_of(request), who, peer_id, "", _room_id(request))
    if refused is not None:
        raise HttpRefusal(refused)
    return success()


async def say(request: Request) -> Response:
    """A message from the server to a room; `delivered` is how many peers' queues took it."""
    who, room_id = authenticated(request), _room_id(request)
    body = await read_json(request, ServerMessage)
    data = bytes(body.data)
    if not data:
        raise HttpRefusal(invalid("data", "data is required."))
    if is_too_deep(b"[" + data + b"]"):
        raise HttpRefusal(invalid("data", "JSON nests at most 32 levels."))
    return success({"delivered": granted(rooms.say(node_of(request), who, room_id, data))})
