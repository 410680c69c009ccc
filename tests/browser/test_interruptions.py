"""What goes wrong on the way: refused logins, and a server that goes away in the middle of a call."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LOCAL, Invite
from tests.harness.server import Server, serving
from tests.harness.tokens import mint

REFUSED_LOGIN = r"status of 401 .*/api/auth/login"
REFUSED_TOKEN = r"status of 401 .*/api/auth/verify"
SERVER_AWAY = r"(WebSocket connection to|Failed to load resource: net::ERR_CONNECTION_REFUSED)"
"""Chromium itself writes these to the console; a page cannot prevent it."""

REJOIN_MS = 60_000
"""The page waits up to 30 s between two attempts."""


def test_a_refused_login_is_shown(invite: Invite) -> None:
    """The page says so and stays; the right password gets in."""
    ann = invite("ann")
    ann.expected.append(REFUSED_LOGIN)
    ann.sign_up()
    ann.locate("#logout").click()
    ann.sees("login")
    ann.fill_in(password="wrong horse battery")
    ann.locate("#login").click()
    expect(ann.locate("#login-error")).to_be_visible()
    expect(ann.locate("#login-error")).not_to_be_empty()
    ann.sees("login")
    ann.fill_in()
    ann.locate("#login").click()
    ann.sees("lobby")


@pytest.mark.parametrize("lifetime_s", [3600, -60])
def test_a_token_that_is_not_accepted_leads_to_the_login(lifetime_s: int, invite: Invite) -> None:
    """One of another issuer, or one that has expired, kept in the browser from another day."""
    ann = invite("ann")
    ann.expected.append(REFUSED_TOKEN)
    ann.open()
    token = mint(secret="the secret of another server altogether", lifetime_s=lifetime_s)
    ann.page.evaluate("token => localStorage.setItem('trio-signal.token', token)", token)
    ann.page.reload()
    expect(ann.locate("#login-notice")).to_be_visible()
    ann.sees("login")
    assert ann.page.evaluate("localStorage.getItem('trio-signal.token')") is None


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["drained", "killed"])
def test_a_call_outlives_its_server(end: Callable[[Server], object], invite: Invite, tmp_path: Path) -> None:
    """Media goes on while the server is away; back again, both are in the room and in the call by themselves."""
    with serving(tmp_path, **LOCAL) as first:
        ann, bob = invite("ann", at=first), invite("bob", at=first)
        for person in (ann, bob):
            person.expected.append(SERVER_AWAY)
        ann.sign_up()
        room_id = ann.create_room("Still here")
        bob.sign_up(f"/#room={room_id}")
        ann.watches(bob)
        bob.watches(ann)
        before = ann.peer_id(bob), bob.peer_id(ann)
        end(first)
    for person in (ann, bob):
        expect(person.locate("#room-banner")).to_be_visible()
        person.decodes(1)
    with serving(tmp_path, port=first.port, **LOCAL):
        for person in (ann, bob):
            expect(person.locate("#room-banner")).to_be_hidden(timeout=REJOIN_MS)
            assert person.room_id == room_id
        ann.watches(bob)
        bob.watches(ann)
        assert set(before).isdisjoint({ann.peer_id(bob), bob.peer_id(ann)})
        ann.say("As if nothing had been")
        expect(bob.locate("#chat-log .chat-line p")).to_have_text(["As if nothing had been"])
