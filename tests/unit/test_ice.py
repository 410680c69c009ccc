"""TURN credentials, by hand (draft-uberti-behave-turn-rest-00)."""

import base64
import hashlib
import hmac

import pytest

from trio_signal.domain.ids import PeerId
from trio_signal.ice import IcePolicy, ice_servers, refresh_after_s
from trio_signal.protocol.events import IceServer

STUN = IceServer(["stun:a"])
PEER = PeerId("p_1")


@pytest.mark.parametrize("servers", [(), (STUN,)])
def test_without_turn_nothing_expires(servers: tuple[IceServer, ...]) -> None:
    """The servers are those configured."""
    assert ice_servers(IcePolicy(servers), PEER, 100.0) == (list(servers), None)


def test_a_credential_is_the_hmac_of_its_username() -> None:
    """A figure worked out elsewhere: `printf 1060:p_1 | openssl dgst -sha1 -hmac s3cret -binary | base64`."""
    policy = IcePolicy((STUN,), ("turn:t?transport=udp", "turns:t"), "s3cret", 60)
    servers, expires_at = ice_servers(policy, PEER, 999.1)
    assert expires_at == 1060, "rounded up: they are good for a minute at least"
    assert servers == [
        STUN,
        IceServer(["turn:t?transport=udp", "turns:t"], "1060:p_1", "53zD9g/bD7nV2Q55M9Fmhf0s52s="),
    ]


@pytest.mark.parametrize("secret", ["x", "비밀", "k" * 200])
def test_any_secret_will_do(secret: str) -> None:
    """As coturn computes it: SHA-1 over the UTF-8 of both."""
    [server], _ = ice_servers(IcePolicy((), ("turn:t",), secret, 1), PEER, 0.0)
    assert server.credential is not None
    expected = hmac.digest(secret.encode(), b"1:p_1", hashlib.sha1)
    assert base64.b64decode(server.credential) == expected


def test_peers_have_credentials_of_their_own() -> None:
    """So that abuse can be traced to a connection."""
    policy = IcePolicy((), ("turn:t",), "s", 60)
    first, second = (ice_servers(policy, PeerId(peer), 0.0)[0][0] for peer in ("p_1", "p_2"))
    assert (first.username, second.username) == ("60:p_1", "60:p_2")
    assert first.credential != second.credential


def test_fresh_ones_come_before_the_old_ones_lapse() -> None:
    """With time to spare for a slow network."""
    assert refresh_after_s(IcePolicy(turn_ttl_s=3600)) == 2700


def test_asking_does_not_change_the_configuration() -> None:
    """The list given out is a list of its own."""
    policy = IcePolicy((STUN,), ("turn:t",), "s")
    ice_servers(policy, PEER, 0.0)[0].clear()
    assert len(ice_servers(policy, PEER, 0.0)[0]) == 2


def test_the_secret_is_in_no_repr() -> None:
    """Reprs end in logs."""
    assert "s3cret" not in repr(IcePolicy(turn_secret="s3cret"))
