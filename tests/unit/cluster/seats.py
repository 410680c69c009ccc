"""Rooms and the seats in them."""

import json
from typing import Any

from trio_signal.cluster.base import Hall
from trio_signal.cluster.local import LocalCluster
from trio_signal.domain.ids import PeerId, RoomId
from trio_signal.domain.room import Member, RoomInfo
from trio_signal.protocol.frames import frame_payload

ANN, BEN, CAT = PeerId("p_ann"), PeerId("p_ben"), PeerId("p_cat")


class Ear:
    """A seat that keeps what it was told."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.heard: list[Any] = []

    def put(self, frame: bytes) -> bool:
        if not self.full:
            event = json.loads(frame_payload(frame))
            self.heard.append((event["type"], event.get("peerId", event.get("data"))))
        return not self.full

    def room_closed(self, reason: str) -> None:
        self.heard.append(("room-closed", reason))

    def kicked(self, reason: str) -> None:
        self.heard.append(("kicked", reason))


class Clock:
    """The wall clock, set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def add_room(cluster: LocalCluster, name: str = "r-1", *, max_users: int = 3, created_at: float = 0.0) -> Hall:
    """An empty room."""
    return cluster.add_room(RoomInfo(RoomId(name), name, 1, "owner", max_users, created_at), created_at)


def enter(cluster: LocalCluster, hall: Hall, peer_id: PeerId, ear: Ear | None = None) -> Ear:
    """Reserve and take a seat."""
    ear = ear or Ear()
    assert cluster.reserve(hall, peer_id) is None
    assert cluster.enter(hall, Member(peer_id, 1, peer_id, 5.0), ear) is not None
    return ear
