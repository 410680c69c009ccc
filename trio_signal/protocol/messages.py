"""Requests: one class per `type` a client may send (PROTOCOL.md section 3). Unknown members are ignored.

`id` and relayed payloads stay raw JSON: an empty `Raw` means the member was left out.
"""

import msgspec
from msgspec import Raw

ABSENT = Raw()


class Request(msgspec.Struct, tag_field="type", rename="camel", kw_only=True, gc=False):
    """What every request may carry. `id` is an integer or a string of at most 64 characters, as sent."""

    id: Raw = ABSENT


class Authenticate(Request, tag="authenticate", kw_only=True):
    token: str


class CreateRoom(Request, tag="create-room", kw_only=True):
    name: str
    room_id: str | None = None
    max_users: int | None = None


class JoinRoom(Request, tag="join-room", kw_only=True):
    room_id: str


class LeaveRoom(Request, tag="leave-room", kw_only=True):
    pass


class CloseRoom(Request, tag="close-room", kw_only=True):
    room_id: str | None = None
    reason: str | None = None


class ListRooms(Request, tag="list-rooms", kw_only=True):
    limit: int | None = None
    cursor: str | None = None


class Relay(Request, kw_only=True):
    """A message for one member (`to`) or all others; `payload` is passed on byte for byte."""

    to: str | None = None


class Offer(Relay, tag="offer", kw_only=True):
    payload: Raw = msgspec.field(name="sdp")


class Answer(Relay, tag="answer", kw_only=True):
    payload: Raw = msgspec.field(name="sdp")


class IceCandidate(Relay, tag="ice-candidate", kw_only=True):
    payload: Raw = msgspec.field(name="candidate")


class Signal(Relay, tag="signal", kw_only=True):
    payload: Raw = msgspec.field(name="data")


class Message(Relay, tag="message", kw_only=True):
    payload: Raw = msgspec.field(name="data")


class SetState(Request, tag="set-state", kw_only=True):
    state: Raw


class Kick(Request, tag="kick", kw_only=True):
    peer_id: str
    reason: str | None = None


class Ping(Request, tag="ping", kw_only=True):
    pass


class IceServers(Request, tag="ice-servers", kw_only=True):
    pass


AnyRelay = Offer | Answer | IceCandidate | Signal | Message
AnyRequest = (
    Authenticate
    | CreateRoom
    | JoinRoom
    | LeaveRoom
    | CloseRoom
    | ListRooms
    | Offer
    | Answer
    | IceCandidate
    | Signal
    | Message
    | SetState
    | Kick
    | Ping
    | IceServers
)

REQUEST_TYPES: frozenset[str] = frozenset(str(kind.__struct_config__.tag) for kind in AnyRequest.__args__)


class SessionDescription(msgspec.Struct):
    """The object form of `sdp` (W3C RTCSessionDescriptionInit)."""

    type: str
    sdp: str
