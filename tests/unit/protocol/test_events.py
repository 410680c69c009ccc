"""What the server sends, member by member (PROTOCOL.md sections 1 to 4)."""

import json
from typing import Any

import pytest

from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import NodeId, PeerId, RoomId
from trio_signal.domain.room import Member, RoomInfo
from trio_signal.protocol import events
from trio_signal.protocol.codes import ErrorCode, LeaveReason, Refused, invalid

ANN = Member(PeerId("p_ann"), 7, "ann", 1790000000.75, b'{"muted":1e0}')
STUN = events.IceServer(["stun:a"])
TURN = events.IceServer(["turn:b"], "u", "c")


def test_welcome_has_all_its_members() -> None:
    """In the contract's spelling; times in whole seconds."""
    welcome = events.Welcome(
        protocol=events.SUBPROTOCOL,
        peer_id=PeerId("p_1"),
        user_id="u",
        username="hong",
        role="user",
        node_id=NodeId("n_1"),
        ice_servers=[STUN, TURN],
        ice_expires_at=None,
        heartbeat_seconds=25,
        max_message_bytes=65536,
        token_expires_at=1790003600,
    )
    assert json.loads(events.encode(welcome)) == {
        "type": "welcome",
        "protocol": "trio-signal.v1",
        "peerId": "p_1",
        "userId": "u",
        "username": "hong",
        "role": "user",
        "nodeId": "n_1",
        "iceServers": [{"urls": ["stun:a"]}, {"urls": ["turn:b"], "username": "u", "credential": "c"}],
        "iceExpiresAt": None,
        "heartbeatSeconds": 25,
        "maxMessageBytes": 65536,
        "tokenExpiresAt": 1790003600,
        "features": list(events.FEATURES),
    }


EVENTS: list[tuple[bytes, dict[str, Any]]] = [
    (
        events.user_joined(ANN),
        {
            "type": "user-joined",
            "peerId": "p_ann",
            "userId": 7,
            "username": "ann",
            "state": {"muted": 1.0},
            "polite": False,
            "joinedAt": 1790000000,
        },
    ),
    (
        events.user_left(ANN, LeaveReason.TIMEOUT),
        {"type": "user-left", "peerId": "p_ann", "userId": 7, "reason": "timeout"},
    ),
    (
        events.user_updated(ANN.peer_id, b'{"a":1}'),
        {"type": "user-updated", "peerId": "p_ann", "state": {"a": 1}},
    ),
    (
        events.encode(events.RoomClosed(RoomId("r-1"), "done")),
        {"type": "room-closed", "roomId": "r-1", "reason": "done"},
    ),
    (events.encode(events.Kicked("spam")), {"type": "kicked", "reason": "spam"}),
    (events.encode(events.TokenExpiring(5)), {"type": "token-expiring", "tokenExpiresAt": 5}),
    (
        events.encode(events.IceServersPushed([TURN], 9)),
        {
            "type": "ice-servers",
            "iceServers": [{"urls": ["turn:b"], "username": "u", "credential": "c"}],
            "iceExpiresAt": 9,
        },
    ),
    (
        events.encode(events.ServerShutdown(1500, "restart")),
        {"type": "server-shutdown", "reconnectAfterMs": 1500, "reason": "restart"},
    ),
]


@pytest.mark.parametrize(
    ("sent", "expected"), EVENTS, ids=lambda value: value["type"] if isinstance(value, dict) else ""
)
def test_each_event_has_its_members(sent: bytes, expected: dict[str, Any]) -> None:
    """No more and no less."""
    assert json.loads(sent) == expected


@pytest.mark.parametrize("sent", [events.user_joined(ANN), events.encode(events.member_view(ANN, polite=True))])
def test_a_state_is_sent_as_it_was_received(sent: bytes) -> None:
    """Byte for byte."""
    assert b'"state":{"muted":1e0}' in sent


def test_a_member_view_says_which_role_its_reader_takes() -> None:
    """`polite` toward those who were there before."""
    assert json.loads(events.encode(events.member_view(ANN, polite=True))) == {
        "peerId": "p_ann",
        "userId": 7,
        "username": "ann",
        "state": {"muted": 1.0},
        "polite": True,
        "joinedAt": 1790000000,
    }


def test_a_room_view_is_what_lists_hold() -> None:
    """Times in whole seconds."""
    info = RoomInfo(RoomId("r-1"), "a &amp; b", "owner", "Ann", 4, 1790000000.9)
    assert json.loads(events.encode(events.room_view(info, 2))) == {
        "roomId": "r-1",
        "name": "a &amp; b",
        "ownerId": "owner",
        "ownerName": "Ann",
        "users": 2,
        "maxUsers": 4,
        "createdAt": 1790000000,
    }


@pytest.mark.parametrize("request_id", [b"7", b'"q\\n"'])
@pytest.mark.parametrize("fields", [None, {}, {"roomId": "r", "existingUsers": []}])
def test_a_reply_says_its_id_back(request_id: bytes, fields: dict[str, Any] | None) -> None:
    """With the result beside it."""
    reply = json.loads(events.reply(request_id, fields))
    assert reply == {"type": "reply", "id": json.loads(request_id), "success": True, **(fields or {})}


def test_a_relay_is_answered_by_how_many_took_it() -> None:
    """The same shape as any reply."""
    assert json.loads(events.delivered(b'"a"', 3)) == json.loads(events.reply(b'"a"', {"delivered": 3}))


def test_a_refusal_is_a_failed_reply() -> None:
    """With the error object."""
    refused = invalid("name", "Too short.")
    assert json.loads(events.refusal(b"7", refused)) == {
        "type": "reply",
        "id": 7,
        "success": False,
        "error": refused.as_object(),
    }


@pytest.mark.parametrize("request_type", [None, "join-room"])
def test_an_error_event_names_its_request_where_there_is_one(request_type: str | None) -> None:
    """For requests without `id`, and for the connection itself."""
    refused = Refused(ErrorCode.ROOM_FULL, "Full.")
    event = json.loads(events.error(refused, request_type))
    assert event == {"type": "error", "error": refused.as_object()} | (
        {"request": request_type} if request_type else {}
    )


def test_who_is_authenticated_is_told_so() -> None:
    """The reply to `authenticate`; times in whole seconds."""
    identity = Identity("u", "ann", Role.MODERATOR, expires_at=9.9)
    expected = {"userId": "u", "username": "ann", "role": "moderator", "tokenExpiresAt": 9}
    assert events.identity_fields(identity) == expected
