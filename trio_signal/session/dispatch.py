"""Request to domain to reply and events. With `protocol.codec`, the only place that knows our JSON dialect.

A request is either carried out at once, as a plain call, or it must wait for the store and is handed back to the
connection's own task (`finish`), which delivers nothing else until it is done.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import trio

from trio_signal.auth import auth_error, verify_token
from trio_signal.cluster.base import Entered
from trio_signal.domain.ids import PeerId, RoomId, new_room_id
from trio_signal.domain.room import RoomInfo
from trio_signal.ice import ice_servers
from trio_signal.limits import RateLimit
from trio_signal.protocol import events
from trio_signal.protocol.codec import check_state
from trio_signal.protocol.codes import CloseCode, ErrorCode, LeaveReason, Refused, rate_limited
from trio_signal.protocol.frames import text_frame
from trio_signal.protocol.messages import (
    AnyRequest,
    Authenticate,
    CloseRoom,
    CreateRoom,
    IceServers,
    JoinRoom,
    Kick,
    LeaveRoom,
    ListRooms,
    Ping,
    SetState,
)
from trio_signal.protocol.values import check_max_users, check_reason, check_room_id, check_room_name
from trio_signal.session import participant, rooms
from trio_signal.session.relay import KINDS, NOT_IN_ROOM, relay
from trio_signal.store.base import StoreUnavailable

if TYPE_CHECKING:
    from trio_signal.session.connection import Connection

DEFAULT_MAX_USERS = 10
Fields = dict[str, Any] | Refused | None

UNAVAILABLE = Refused(ErrorCode.UNAVAILABLE, "The database is away. Try again soon.")
IN_ANOTHER_ROOM = Refused(ErrorCode.IN_ANOTHER_ROOM, "You are in another room; leave it first.")
ALREADY_JOINED = Refused(ErrorCode.ALREADY_JOINED, "You are in this room already.")
NOT_FOR_TOKEN = Refused(ErrorCode.FORBIDDEN, "Your token does not allow this room.")


def dispatch(connection: "Connection", request: AnyRequest) -> AnyRequest | None:
    """Carry a request out; or give it back, because it must wait: for `finish`."""
    kind = type(request)
    if kind in KINDS:
        relay(connection, request)  # type: ignore[arg-type]
        return None
    at_once = _AT_ONCE.get(kind)
    if at_once is None:
        return request
    connection.answer(request, at_once(connection, request))
    return None


async def finish(connection: "Connection", request: AnyRequest) -> None:
    """Carry out a request that must wait for the store. Cancelled, it leaves nothing half done."""
    try:
        fields = await _WAITING[type(request)](connection, request)
    except StoreUnavailable:
        fields = UNAVAILABLE
    connection.answer(request, fields)


async def _create_room(connection: "Connection", request: CreateRoom) -> Fields:
    info = _room_asked_for(connection, request)
    if isinstance(info, Refused):
        return info
    refused = (
        _limited(connection, connection.node.limits.create_room)
        or _may_not_enter(connection, info.room_id, create=True)
        or await participant.create_room(connection, info)
    )
    if refused is not None:
        return refused
    return {"roomId": info.room_id, "name": info.name, "maxUsers": info.max_users, "existingUsers": []}


def _room_asked_for(connection: "Connection", request: CreateRoom) -> RoomInfo | Refused:
    node, user = connection.node, connection.user
    most = node.config.max_room_users
    room_id = new_room_id() if request.room_id is None else check_room_id(request.room_id)
    if isinstance(room_id, Refused):
        return room_id
    name = check_room_name(request.name)
    if isinstance(name, Refused):
        return name
    wanted = request.max_users
    max_users = min(DEFAULT_MAX_USERS, most) if wanted is None else check_max_users(wanted, most)
    if isinstance(max_users, Refused):
        return max_users
    return RoomInfo(room_id, name, user.user_id, user.username, max_users, node.now())


async def _join_room(connection: "Connection", request: JoinRoom) -> Fields:
    room_id = check_room_id(request.room_id)
    if isinstance(room_id, Refused):
        return room_id
    node = connection.node
    refused = _limited(connection, node.limits.join_room) or _may_not_enter(connection, room_id)
    if refused is not None:
        return refused
    entered = await participant.join_room(connection, room_id)
    if not isinstance(entered, Entered):
        return entered
    seat = connection.participant
    if seat is None:
        return participant.GONE
    info = seat.hall.room.info
    return {
        "roomId": room_id,
        "name": info.name,
        "ownerId": info.owner_id,
        "maxUsers": info.max_users,
        "existingUsers": [events.member_view(member, polite=True) for member in entered.before],
    }


def _may_not_enter(connection: "Connection", room_id: RoomId, *, create: bool = False) -> Refused | None:
    if not connection.user.may_use(room_id):
        return NOT_FOR_TOKEN
    seat = connection.participant
    if seat is None:
        return None
    return ALREADY_JOINED if seat.hall.room.info.room_id == room_id and not create else IN_ANOTHER_ROOM


def _limited(connection: "Connection", limit: RateLimit) -> Refused | None:
    """Takes one from the user's bucket, or says when to come back."""
    wait_s = limit.wait_s(connection.user.external_id, trio.current_time())
    return rate_limited(wait_s) if wait_s else None


def _leave_room(connection: "Connection", _request: LeaveRoom) -> Fields:
    seat = connection.participant
    if seat is None:
        return NOT_IN_ROOM
    seat.leave(LeaveReason.LEFT)
    return {"roomId": seat.hall.room.info.room_id}


async def _close_room(connection: "Connection", request: CloseRoom) -> Fields:
    reason = check_reason(request.reason)
    if isinstance(reason, Refused):
        return reason
    if request.room_id is not None:
        room_id = check_room_id(request.room_id)
        if isinstance(room_id, Refused):
            return room_id
    elif connection.participant is None:
        return NOT_IN_ROOM
    else:
        room_id = connection.participant.hall.room.info.room_id
    refused = await rooms.close_room(connection.node, connection.user, room_id, reason)
    return refused or {"roomId": room_id}


def _list_rooms(connection: "Connection", request: ListRooms) -> Fields:
    refused = _limited(connection, connection.node.limits.list_rooms)
    page = refused or rooms.list_rooms(connection.node, request.limit, request.cursor)
    if isinstance(page, Refused):
        return page
    found, cursor = page
    return {"rooms": found} if cursor is None else {"rooms": found, "cursor": cursor}


def _authenticate(connection: "Connection", request: Authenticate) -> Fields:
    """Renewal on the live socket: the same user, a new token."""
    identity = verify_token(request.token, connection.node.tokens, connection.node.now())
    if isinstance(identity, Refused):
        return identity
    if not connection.user.is_user(identity.user_id):
        connection.answer(request, auth_error("The token is another user's."))
        connection.close(CloseCode.UNAUTHORIZED)
        return None
    connection.renew(identity)
    return events.identity_fields(identity)


def _set_state(connection: "Connection", request: SetState) -> Fields:
    state = bytes(request.state)
    refused = check_state(state)
    if refused is not None:
        return refused
    connection.state = state
    seat = connection.participant
    if seat is not None:
        seat.hall.room.members[connection.peer_id].state = state
        seat.hall.broadcast(text_frame(events.user_updated(connection.peer_id, state)), seat)
    return None


def _kick(connection: "Connection", request: Kick) -> Fields:
    reason = check_reason(request.reason)
    if isinstance(reason, Refused):
        return reason
    return rooms.kick(connection.node, connection.user, PeerId(request.peer_id), reason)


def _ping(connection: "Connection", _request: Ping) -> Fields:
    return {"serverTime": int(connection.node.now())}


def _ice_servers(connection: "Connection", _request: IceServers) -> Fields:
    servers, expires_at = ice_servers(connection.node.ice, connection.peer_id, connection.node.now())
    return {"iceServers": servers, "iceExpiresAt": expires_at}


_AT_ONCE: dict[type, Callable[["Connection", Any], Fields]] = {
    Authenticate: _authenticate,
    IceServers: _ice_servers,
    Kick: _kick,
    LeaveRoom: _leave_room,
    ListRooms: _list_rooms,
    Ping: _ping,
    SetState: _set_state,
}
_WAITING: dict[type, Callable[["Connection", Any], Awaitable[Fields]]] = {
    CloseRoom: _close_room,
    CreateRoom: _create_room,
    JoinRoom: _join_room,
}
