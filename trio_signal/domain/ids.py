"""Names of things, each a type of its own so that they cannot be mixed up."""

import secrets
from typing import NewType

PeerId = NewType("PeerId", str)
"""One connection: `p_` and 128 random bits; unguessable, never reused."""
NodeId = NewType("NodeId", str)
"""One run of one process: `n_` and 64 random bits."""
RoomId = NewType("RoomId", str)
"""3-100 characters of `A-Z a-z 0-9 - _`."""
EntryId = NewType("EntryId", str)
"""One stay of one peer in one room: the key of its participant row."""

UserId = int | str
"""A user as the token names them: opaque to clients; 5 and "5" are two users."""


def new_peer_id() -> PeerId:
    return PeerId("p_" + secrets.token_urlsafe(16))


def new_node_id() -> NodeId:
    return NodeId("n_" + secrets.token_urlsafe(8))


def new_room_id() -> RoomId:
    """An id that can be read aloud in no time is easily guessed, so this one is not."""
    return RoomId("r-" + secrets.token_hex(8))


def new_entry_id() -> EntryId:
    return EntryId("e_" + secrets.token_urlsafe(12))
