"""Which pages may connect, and which address a client has behind proxies."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.door.heads import head_with
from trio_signal.config import Config
from trio_signal.door.origin import forwarded_address, is_trusted, origin_allowed

DEVELOPMENT = Config()
PRODUCTION = Config(env="production", jwt_secret="x" * 32)
NAMED = Config(client_url=("https://app.example", "http://b:81"))
PROXIES = Config(trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")))


def allowed(origin: str | None, config: Config, host: str = "signal.example", *, secure: bool = False) -> bool:
    """Whether a page of that origin may connect to that host."""
    fields = [("Host", host)] + ([("Origin", origin)] if origin is not None else [])
    return origin_allowed(head_with(*fields), config, secure=secure)


@pytest.mark.parametrize("config", [DEVELOPMENT, PRODUCTION, NAMED])
def test_clients_that_are_no_browsers_send_no_origin(config: Config) -> None:
    """They may connect."""
    assert allowed(None, config)


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        ("https://app.example", True),
        ("HTTPS://APP.Example", True),
        ("http://b:81", True),
        ("http://app.example", False),
        ("https://app.example:444", False),
        ("https://app.example.evil", False),
        ("https://evil/app.example", False),
        ("null", False),
        ("", False),
        ("http://localhost:5173", False),
    ],
)
def test_named_origins_may_connect_and_no_others(origin: str, good: bool) -> None:
    """Scheme, host and port must be the same."""
    assert allowed(origin, NAMED) is good


@pytest.mark.parametrize("config", [DEVELOPMENT, PRODUCTION, NAMED])
@pytest.mark.parametrize(
    ("origin", "host", "secure", "good"),
    [
        ("http://signal.example", "signal.example", False, True),
        ("https://signal.example", "signal.example", False, True),
        ("https://signal.example", "signal.example", True, True),
        ("http://signal.example", "signal.example", True, False),
        ("http://signal.example:3000", "Signal.Example:3000", False, True),
        ("http://signal.example:3000", "signal.example:3001", False, False),
        ("http://signal.example", "other.example", False, False),
        ("ftp://signal.example", "signal.example", False, False),
    ],
)
def test_the_servers_own_origin_may_connect(config: Config, origin: str, host: str, secure: bool, good: bool) -> None:
    """Behind a proxy that ends TLS, https is its own too; on a TLS port plain http is not."""
    assert allowed(origin, config, host, secure=secure) is good


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "http://127.0.0.1:8080", "http://[::1]:9", "http://[::1]", "https://localhost"]
)
def test_in_development_pages_of_this_machine_may_connect(origin: str) -> None:
    """As long as no origins are named; never in production."""
    assert allowed(origin, DEVELOPMENT)
    assert not allowed(origin, PRODUCTION)
    assert not allowed(origin, NAMED)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost.evil", "http://127.0.0.1.evil", "null", "file://"]
)
def test_in_development_other_pages_may_not(origin: str) -> None:
    """A page from the web may not reach into a developer's machine."""
    assert not allowed(origin, DEVELOPMENT)


def test_a_star_allows_every_page() -> None:
    """Development only; the configuration sees to that."""
    assert allowed("http://anything", Config(client_url=("*",)))


@pytest.mark.parametrize(
    "origin", ["http://[", "http://]", "http://[::1", "http://[1.2.3.4]", "http://a\xbd", "//", ":"]
)
@pytest.mark.parametrize("config", [DEVELOPMENT, NAMED])
def test_an_origin_that_is_no_url_is_not_allowed(origin: str, config: Config) -> None:
    """And does not raise."""
    assert not allowed(origin, config)


@given(origin=st.text(st.characters(codec="latin-1", exclude_characters="\r\n")))
def test_no_origin_raises(origin: str) -> None:
    """It comes from anybody, before any token."""
    allowed(origin, DEVELOPMENT)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["198.51.100.1", "unknown"], "unknown"),
        ("unknown", ["198.51.100.1"], "unknown"),
    ],
)
def test_only_what_trusted_proxies_say_counts(peer: str, forwarded: list[str], address: str) -> None:
    """Read from the nearest hop outwards: what a client put in front itself is not believed."""
    assert forwarded_address(peer, forwarded, PROXIES) == address


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.255.0.1", True),
        ("11.0.0.1", False),
        ("::ffff:10.1.1.1", True),
        ("fd12::1", True),
        ("fe80::1%eth0", False),
        ("fd00::1%eth0", True),
        ("", False),
        ("10.0.0", False),
        ("proxy", False),
    ],
)
def test_which_proxies_are_trusted(address: str, trusted: bool) -> None:
    """Those of TRUSTED_PROXIES; none by default."""
    assert is_trusted(address, PROXIES) is trusted
    assert not is_trusted(address, DEVELOPMENT)


def test_several_headers_are_one_list() -> None:
    """In the order they came."""
    head = head_with(("X-Forwarded-For", "1.1.1.1, 2.2.2.2"), ("x-forwarded-for", "3.3.3.3"))
    assert head.items("x-forwarded-for") == ["1.1.1.1", "2.2.2.2", "3.3.3.3"]
