"""Events and the objects in them: what the server sends (PROTOCOL.md sections 1, 3 and 4)."""

from typing import Any

import msgspec
from msgspec import Raw

from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import NodeId, PeerId, RoomId, UserId
from trio_signal.domain.room import Member, RoomInfo
from trio_signal.protocol.codes import LeaveReason, Refused

SUBPROTOCOL = "trio-signal.v1"
FEATURES = ("signal", "presence", "messages", "rooms", "moderation", "ice", "token-renewal")

_encoder = msgspec.json.Encoder()
encode = _encoder.encode


class IceServer(msgspec.Struct, omit_defaults=True):
    """W3C RTCIceServer."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class MemberView(msgspec.Struct, rename="camel"):
    """A member as another peer sees it. `polite` is the role the *receiver* takes toward this member."""

    peer_id: PeerId
    user_id: UserId
    username: str
    state: Raw
    polite: bool
    joined_at: int


class RoomView(msgspec.Struct, rename="camel"):
    """A room in a list. `users` is how many peers are in it, on all nodes; `created_at` in Unix seconds."""

    room_id: RoomId
    name: str
    owner_id: UserId
    owner_name: str
    users: int
    max_users: int
    created_at: int


class Event(msgspec.Struct, tag_field="type", rename="camel"):
    """Base of all events."""


class Welcome(Event, tag="welcome"):
    protocol: str
    peer_id: PeerId
    user_id: UserId
    username: str
    role: str
    node_id: NodeId
    ice_servers: list[IceServer]
    ice_expires_at: int | None
    heartbeat_seconds: float
    max_message_bytes: int
    token_expires_at: int
    features: tuple[str, ...] = FEATURES


class UserJoined(Event, tag="user-joined"):
    peer_id: PeerId
    user_id: UserId
    username: str
    state: Raw
    polite: bool
    joined_at: int


class UserLeft(Event, tag="user-left"):
    peer_id: PeerId
    user_id: UserId
    reason: str


class UserUpdated(Event, tag="user-updated"):
    peer_id: PeerId
    state: Raw


class RoomClosed(Event, tag="room-closed"):
    room_id: RoomId
    reason: str


class Kicked(Event, tag="kicked"):
    reason: str


class TokenExpiring(Event, tag="token-expiring"):
    token_expires_at: int


class IceServersPushed(Event, tag="ice-servers"):
    ice_servers: list[IceServer]
    ice_expires_at: int | None


class ServerShutdown(Event, tag="server-shutdown"):
    reconnect_after_ms: int
    reason: str


def member_view(member: Member, *, polite: bool) -> MemberView:
    return MemberView(member.peer_id, member.user_id, member.username, Raw(member.state), polite, int(member.joined_at))


def room_view(info: RoomInfo, users: int) -> RoomView:
    return RoomView(
        info.room_id,
        info.name,
        info.owner_id,
        info.owner_name,
        users,
        info.max_users,
        int(info.created_at),
    )


def identity_fields(identity: Identity) -> dict[str, Any]:
    """The fields of the reply to `authenticate`."""
    return {
        "userId": identity.user_id,
        "username": identity.username,
        "role": identity.role.value,
        "tokenExpiresAt": int(identity.expires_at),
    }


def user_joined(member: Member) -> bytes:
    """For the others: they were there before, so toward the newcomer they are impolite."""
    return encode(
        UserJoined(member.peer_id, member.user_id, member.username, Raw(member.state), False, int(member.joined_at))
    )


def user_left(member: Member, reason: LeaveReason) -> bytes:
    return encode(UserLeft(member.peer_id, member.user_id, reason.value))


def user_updated(peer_id: PeerId, state: bytes) -> bytes:
    return encode(UserUpdated(peer_id, Raw(state)))


def reply(request_id: bytes, fields: dict[str, Any] | None = None) -> bytes:
    """A successful reply: `{"type":"reply","id":…,"success":true, …fields}`."""
    more = b"," + encode(fields)[1:] if fields else b"}"
    return b'{"type":"reply","id":' + request_id + b',"success":true' + more


def delivered(request_id: bytes, count: int) -> bytes:
    """The reply to a relayed message: the one reply on the hot path."""
    return b'{"type":"reply","id":%b,"success":true,"delivered":%d}' % (request_id, count)


def refusal(request_id: bytes, refused: Refused) -> bytes:
    """A failed reply."""
    return b'{"type":"reply","id":%b,"success":false,"error":%b}' % (request_id, encode(refused.as_object()))


def error(refused: Refused, request: str | None = None) -> bytes:
    """The `error` event: a failure of a request without `id`, or of the connection itself."""
    event: dict[str, Any] = {"type": "error"}
    if request is not None:
        event["request"] = request
    return encode({**event, "error": refused.as_object()})
