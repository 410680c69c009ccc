"""What all connections of this process share: the services, the limits, and who is connected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import trio

from trio_signal.auth import TokenPolicy
from trio_signal.cluster.base import Cluster, Hall
from trio_signal.config import Config
from trio_signal.domain.identity import Identity
from trio_signal.domain.ids import NodeId, RoomId
from trio_signal.ice import IcePolicy
from trio_signal.limits import RateLimit
from trio_signal.session.egress import Egress
from trio_signal.session.timers import Timers
from trio_signal.store.base import Store, StoreUnavailable, UserRowId
from trio_signal.store.journal import Journal
from trio_signal.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from trio_signal.session.connection import Connection

MAX_CACHED_USERS = 10_000


@attrs.define
class Limits:
    """The limits that several connections share (PROTOCOL.md section 6)."""

    connections: RateLimit
    create_room: RateLimit
    join_room: RateLimit
    list_rooms: RateLimit
    auth: RateLimit

    @classmethod
    def from_config(cls, config: Config) -> "Limits":
        return cls(
            connections=RateLimit.per_minute(config.rate_connections),
            create_room=RateLimit.per_minute(config.rate_create_room),
            join_room=RateLimit.per_minute(config.rate_join_room),
            list_rooms=RateLimit.per_minute(config.rate_list_rooms),
            auth=RateLimit.per_minute(config.rate_auth),
        )


@attrs.define(eq=False)
class Node:
    """One running server, as its connections see it. `now` is the wall clock, in Unix seconds."""

    node_id: NodeId
    config: Config
    tokens: TokenPolicy
    ice: IcePolicy
    cluster: Cluster
    store: Store
    journal: Journal
    metrics: Metrics
    limits: Limits
    now: Callable[[], float]
    egress: Egress = attrs.Factory(Egress)
    timers: Timers = attrs.Factory(Timers)
    connections: "set[Connection]" = attrs.Factory(set)
    ready: bool = False
    draining: bool = False
    _user_rows: dict[str, UserRowId] = attrs.Factory(dict)

    async def user_row(self, identity: Identity) -> UserRowId:
        """The `users` row of an identity. Raises StoreUnavailable within the store's timeout."""
        key = identity.external_id
        row = self._user_rows.get(key)
        if row is None:
            with store_deadline(self.config):
                row = await self.store.user_row_of(identity, self.now())
            if len(self._user_rows) >= MAX_CACHED_USERS:
                del self._user_rows[next(iter(self._user_rows))]
            self._user_rows[key] = row
        return row

    async def find_hall(self, room_id: RoomId) -> Hall | None:
        """An active room, from the store if the directory does not have it. Raises StoreUnavailable."""
        hall = self.cluster.find(room_id)
        if hall is not None or self.journal.is_closing(room_id):
            return hall
        with store_deadline(self.config):
            idle = await self.store.find_active_room(room_id)
        if idle is None or self.journal.is_closing(room_id):
            return self.cluster.find(room_id)
        return self.cluster.add_room(idle.info, idle.empty_since)


@contextmanager
def store_deadline(config: Config) -> Iterator[None]:
    """Bounds calls to the store: StoreUnavailable when the store's timeout is over."""
    with trio.move_on_after(config.store_timeout_s) as scope:
        yield
    if scope.cancelled_caught:
        raise StoreUnavailable("the store did not answer in time")
