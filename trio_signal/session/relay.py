"""The hot path: one peer's message to another, or to all others in the room. The payload is never decoded."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from trio_signal.protocol import events
from trio_signal.protocol.codec import check_payload
from trio_signal.protocol.codes import ErrorCode, Refused, invalid
from trio_signal.protocol.frames import text_frame
from trio_signal.protocol.messages import ABSENT, Answer, AnyRelay, IceCandidate, Message, Offer, Signal

if TYPE_CHECKING:
    from trio_signal.session.connection import Connection

NOT_IN_ROOM = Refused(ErrorCode.NOT_IN_ROOM, "You are in no room.")
PEER_NOT_FOUND = Refused(ErrorCode.PEER_NOT_FOUND, "There is no such peer in your room.")
TO_ONESELF = invalid("to", "A message cannot be sent to oneself.")


@attrs.frozen
class _Kind:
    """What is written around a payload, and how its shape is checked."""

    name: str
    head: bytes
    middle: bytes
    check: Callable[[AnyRelay], Refused | None] | None


def _kind(name: str, member: str, check: Callable[[AnyRelay], Refused | None] | None = None) -> _Kind:
    return _Kind(name, b'{"type":"%b","from":"' % name.encode(), b'","%b":' % member.encode(), check)


KINDS: dict[type, _Kind] = {
    Offer: _kind("offer", "sdp", check_payload),
    Answer: _kind("answer", "sdp", check_payload),
    IceCandidate: _kind("ice-candidate", "candidate", check_payload),
    Signal: _kind("signal", "data"),
    Message: _kind("message", "data"),
}


def relay(connection: "Connection", request: AnyRelay) -> None:
    """Pass a message on; the reply says how many peers' queues took it."""
    kind = KINDS[type(request)]
    if kind.check is not None:
        refused = kind.check(request)
        if refused is not None:
            connection.refuse(request, refused)
            return
    seat = connection.participant
    if seat is None:
        connection.refuse(request, NOT_IN_ROOM)
        return
    frame = text_frame(b"".join((kind.head, connection.peer_id_bytes, kind.middle, request.payload, b"}")))
    to = request.to
    if to is None:
        count = seat.hall.broadcast(frame, seat)
    else:
        target = seat.hall.seats.get(to)  # type: ignore[call-overload]
        if target is seat:
            connection.refuse(request, TO_ONESELF)
            return
        if target is None or not target.put(frame):
            connection.refuse(request, PEER_NOT_FOUND)
            return
        count = 1
    counts = connection.node.metrics.counts
    counts.deliveries += count
    counts.messages[kind.name] += 1
    if request.id is not ABSENT:
        connection.outbox.put(text_frame(events.delivered(bytes(request.id), count)))


def server_message(data: bytes) -> bytes:
    """The frame of a `message` from the server itself."""
    kind = KINDS[Message]
    return text_frame(b"".join((kind.head, b"server", kind.middle, data, b"}")))
