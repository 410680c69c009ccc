"""What may be done to a room from outside or inside: list, look, close, kick. For WebSocket requests and HTTP calls."""

import base64
import binascii

import msgspec

from trio_signal.cluster.base import Hall
from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import RoomInfo
from trio_signal.protocol import events
from trio_signal.protocol.codes import ErrorCode, Refused, invalid
from trio_signal.protocol.events import MemberView, RoomView
from trio_signal.session.node import Node
from trio_signal.session.participant import ROOM_NOT_FOUND
from trio_signal.session.relay import PEER_NOT_FOUND, server_message
from trio_signal.store.base import CloseRoom
from trio_signal.telemetry.logs import get_logger

log = get_logger()

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
NOT_YOURS = Refused(ErrorCode.FORBIDDEN, "Only the room's owner and moderators may do that.")


def list_rooms(node: Node, limit: int | None, cursor: str | None) -> tuple[list[RoomView], str | None] | Refused:
    """A page of the active rooms, oldest first, and the cursor of the next one if there is more."""
    limit = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= limit <= MAX_LIMIT:
        return invalid("limit", f"limit is an integer from 1 to {MAX_LIMIT}.")
    after = None
    if cursor is not None:
        after = _read_cursor(cursor)
        if after is None:
            return invalid("cursor", "That is no cursor of this list.")
    rooms = node.cluster.list_rooms(after, limit + 1)
    page = rooms[:limit]
    following = _cursor(page[-1][0]) if len(rooms) > limit else None
    return [events.room_view(info, users) for info, users in page], following


def _cursor(info: RoomInfo) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((info.created_at, info.room_id))).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[float, str] | None:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=tuple[float, str])
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        return None


async def look_into(node: Node, room_id: RoomId) -> tuple[RoomView, list[MemberView]] | Refused:
    """A room and its members; `polite` is what the caller would be toward each if it joined now.

    Raises StoreUnavailable.
    """
    hall = await node.find_hall(room_id)
    if hall is None:
        return ROOM_NOT_FOUND
    members = list(hall.room.members.values())
    views = [events.member_view(member, polite=True) for member in members]
    return events.room_view(hall.room.info, len(members)), views


async def close_room(node: Node, who: Identity, room_id: RoomId, reason: str) -> Refused | None:
    """End a room: the owner, a moderator or an admin may. Raises StoreUnavailable."""
    hall = await node.find_hall(room_id)
    if hall is None:
        return ROOM_NOT_FOUND
    if not _may_rule(who, hall):
        return NOT_YOURS
    end_room(node, hall, reason)
    return None


def end_room(node: Node, hall: Hall, reason: str) -> None:
    """End a room: its members are told and out of it, its rows are closed."""
    node.cluster.close(hall, reason)
    room_id = hall.room.info.room_id
    node.journal.record(CloseRoom(room_id, node.now()))
    log.info("room closed", roomId=room_id)


def kick(node: Node, who: Identity, peer_id: PeerId, reason: str, room_id: RoomId | None = None) -> Refused | None:
    """Remove a peer from its room (from `room_id`, if given) and end its connection."""
    hall = node.cluster.find_peer(peer_id)
    if hall is None or (room_id is not None and hall.room.info.room_id != room_id):
        return PEER_NOT_FOUND
    if not _may_rule(who, hall):
        return NOT_YOURS
    hall.seats[peer_id].kicked(reason)
    return None


def say(node: Node, who: Identity, room_id: RoomId, data: bytes) -> int | Refused:
    """A `message` from the server to everyone in a room; how many queues took it. Admins may."""
    if who.role is not Role.ADMIN:
        return Refused(ErrorCode.FORBIDDEN, "Only admins may do that.")
    hall = node.cluster.find(room_id)
    if hall is None:
        return ROOM_NOT_FOUND
    return hall.broadcast(server_message(data))


def _may_rule(who: Identity, hall: Hall) -> bool:
    return who.moderates or who.is_user(hall.room.info.owner_id)
