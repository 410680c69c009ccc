"""ICE servers for a peer: those configured, and TURN with credentials that expire. Pure: `now` is an argument.

TURN credentials are the "TURN REST API" ones (draft-uberti-behave-turn-rest-00, coturn's `use-auth-secret`):
username `expiry:peerId`, credential base64(HMAC-SHA1(secret, username)).
"""

import base64
import hashlib
import hmac
import math

import attrs

from trio_signal.domain.ids import PeerId
from trio_signal.protocol.events import IceServer

REFRESH_SHARE = 0.75
"""The share of a credential's life after which fresh ones are pushed."""


@attrs.frozen
class IcePolicy:
    """Which servers peers are told of. Without `turn_urls` nothing expires."""

    servers: tuple[IceServer, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = attrs.field(default="", repr=False)
    turn_ttl_s: int = 3600


def ice_servers(policy: IcePolicy, peer_id: PeerId, now: float) -> tuple[list[IceServer], int | None]:
    """The servers for one peer, and when their credentials expire (Unix seconds; None: never)."""
    servers = list(policy.servers)
    if not policy.turn_urls:
        return servers, None
    expires_at = math.ceil(now) + policy.turn_ttl_s
    username = f"{expires_at}:{peer_id}"
    digest = hmac.new(policy.turn_secret.encode(), username.encode(), hashlib.sha1).digest()
    servers.append(IceServer(list(policy.turn_urls), username, base64.b64encode(digest).decode()))
    return servers, expires_at


def refresh_after_s(policy: IcePolicy) -> float:
    """How long after handing credentials out fresh ones are due."""
    return policy.turn_ttl_s * REFRESH_SHARE
