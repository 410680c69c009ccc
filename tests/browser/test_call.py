"""Calls among pages: video that is decoded on every side, and what else one shares in a room."""

from playwright.sync_api import expect

from tests.browser.conftest import Invite


def test_two_pages_see_each_other(invite: Invite) -> None:
    """Sign up, create, join from the list: decoded video on both sides."""
    ann, bob = invite("ann"), invite("bob")
    ann.sign_up()
    bob.sign_up()
    bob.join_listed(ann.create_room("Tea & biscuits"))
    ann.watches(bob)
    bob.watches(ann)
    expect(bob.locate("#room-title")).to_have_text("Tea & biscuits")


def test_a_third_page_joins_the_mesh(invite: Invite) -> None:
    """By a link to the room; everybody sees both others, and two go on when one leaves."""
    ann, bob, cho = invite("ann"), invite("bob"), invite("cho")
    ann.sign_up()
    link = f"/#room={ann.create_room('Three of us')}"
    bob.sign_up(link)
    ann.watches(bob)
    cho.sign_up(link)
    ann.watches(bob, cho)
    bob.watches(ann, cho)
    cho.watches(ann, bob)
    bob.locate("#leave").click()
    bob.sees("lobby")
    ann.watches(cho)
    cho.watches(ann)


def test_who_is_muted_is_shown_to_the_others(invite: Invite) -> None:
    """Microphone and camera off and on again; a newcomer is told too."""
    ann, bob, cho = invite("ann"), invite("bob"), invite("cho")
    ann.sign_up()
    link = f"/#room={ann.create_room('Quiet please')}"
    bob.sign_up(link)
    bob.watches(ann)
    microphone, camera = bob.tile(ann).locator(".badge-mic"), bob.tile(ann).locator(".badge-cam")
    expect(microphone).to_be_hidden()
    expect(camera).to_be_hidden()
    ann.locate("#toggle-mic").click()
    expect(microphone).to_be_visible()
    ann.locate("#toggle-cam").click()
    expect(camera).to_be_visible()
    expect(bob.tile(ann).locator("video")).to_be_hidden()
    cho.sign_up(link)
    expect(cho.tile(ann).locator(".badge-mic")).to_be_visible()
    expect(cho.tile(ann).locator(".badge-cam")).to_be_visible()
    cho.locate("#leave").click()
    ann.locate("#toggle-cam").click()
    ann.locate("#toggle-mic").click()
    expect(microphone).to_be_hidden()
    expect(camera).to_be_hidden()
    bob.watches(ann)


def test_chat_arrives_as_it_was_typed(invite: Invite) -> None:
    """Both ways, any script, and never as markup."""
    ann, bob = invite("ann"), invite("bob")
    ann.sign_up()
    bob.sign_up(f"/#room={ann.create_room('Chat')}")
    expect(ann.tile(bob)).to_be_visible()
    ann.say("안녕 <b>bob</b> & co")
    expect(bob.locate("#chat-log .chat-line p")).to_have_text(["안녕 <b>bob</b> & co"])
    bob.say("Hello 👋")
    expect(ann.locate("#chat-log .chat-line p")).to_have_text(["안녕 <b>bob</b> & co", "Hello 👋"])
    expect(ann.locate("#chat-log .chat-line .chat-who").last).to_have_text(bob.name)


def test_the_page_speaks_korean_to_a_korean_browser(invite: Invite) -> None:
    """English is the language of all others."""
    minji, ann = invite("minji", locale="ko-KR"), invite("ann", locale="fr-FR")
    minji.open()
    ann.open()
    expect(minji.locate("#login")).to_have_text("로그인")
    expect(ann.locate("#login")).to_have_text("Log in")
