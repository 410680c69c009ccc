"""Where a request comes from: the client's address behind proxies, and whether its origin is allowed."""

import ipaddress
from urllib.parse import urlsplit

import trio

from trio_signal.config import Config
from trio_signal.door.head import RequestHead

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def client_address(tcp: trio.SocketStream, head: RequestHead, config: Config) -> str:
    """The client's address: the socket's, or what trusted proxies say in X-Forwarded-For."""
    try:
        peer = str(tcp.socket.getpeername()[0])
    except OSError:
        return "unknown"
    return forwarded_address(peer, head.items("x-forwarded-for"), config)


def forwarded_address(peer: str, forwarded: list[str], config: Config) -> str:
    """The last address that is no trusted proxy's, read from the nearest hop outwards."""
    address = peer
    for hop in reversed(forwarded):
        if not is_trusted(address, config):
            break
        address = hop
    return address


def is_trusted(address: str, config: Config) -> bool:
    """Whether this address is one of TRUSTED_PROXIES."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in config.trusted_proxies)


def origin_allowed(head: RequestHead, config: Config, *, secure: bool) -> bool:
    """Whether a page of this origin may connect (RFC 6455 section 10.2). Clients that are no browsers send none."""
    origin = head.get("origin")
    if origin is None:
        return True
    origin = origin.lower()
    if "*" in config.client_url or origin in config.client_url:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = {"https"} if secure else {"http", "https"}
    if parts.scheme in schemes and parts.netloc == (head.get("host") or "").lower():
        return True
    return not config.in_production and not config.client_url and _host(parts.netloc) in _LOOPBACK


def _host(netloc: str) -> str:
    return netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc
