"""Somebody with a browser of their own: the page, what it complains of, and what one does on it."""

import re
from pathlib import Path

import attrs
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

LIMIT_MS = 30_000
PASSWORD = "correct horse battery"
WATCH = Path(__file__).with_name("watch.js")
NEW_FRAMES = 5

expect.set_options(timeout=LIMIT_MS)


@attrs.define(eq=False, slots=False)  # Playwright marks the objects whose methods it calls
class Person:
    """Every wait ends after `LIMIT_MS`. `expected` are patterns of complaints that a test brings about on purpose."""

    name: str
    url: str
    context: BrowserContext
    page: Page
    complaints: list[str] = attrs.field(factory=list)
    expected: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.complaints if not any(re.search(pattern, line) for pattern in self.expected)]

    def locate(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def sees(self, view: str) -> None:
        """Wait for a view: login, lobby or room."""
        expect(self.locate("body")).to_have_attribute("data-view", view)

    def open(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def fill_in(self, *, password: str = PASSWORD) -> None:
        """Fill in the login form."""
        self.locate("#username").fill(self.name)
        self.locate("#email").fill(f"{self.name}@example.com")
        self.locate("#password").fill(password)

    def sign_up(self, path: str = "/") -> None:
        """Open the page and make an account."""
        self.open(path)
        self.sees("login")
        self.fill_in()
        self.locate("#register").click()
        expect(self.locate("#status")).to_have_attribute("data-state", "connected")

    def create_room(self, name: str) -> str:
        """Make and enter a room; its id."""
        self.locate("#room-name").fill(name)
        self.locate("#create-room").click()
        self.sees("room")
        return self.room_id

    def join_listed(self, room_id: str) -> None:
        """Enter a room by its button in the list."""
        self.locate("#refresh-rooms").click()
        self.locate(f'#room-list [data-room-id="{room_id}"] [data-join]').click()
        self.sees("room")

    def say(self, text: str) -> None:
        self.locate("#chat-input").fill(text)
        self.locate("#chat-send").click()

    @property
    def room_id(self) -> str:
        return self.locate("#room-view").get_attribute("data-room") or ""

    def tile(self, of: "Person") -> Locator:
        """The tile of another member."""
        return self.locate("#tiles [data-peer-id]").filter(has=self.page.locator(".tile-name", has_text=of.name))

    def peer_id(self, of: "Person") -> str:
        return self.tile(of).get_attribute("data-peer-id") or ""

    def watches(self, *others: "Person") -> None:
        """Wait until video of just these members is decoded, presented and running."""
        expect(self.locate("#tiles [data-peer-id]")).to_have_count(len(others))
        for other in others:
            video = self.tile(other).locator("video")
            shown = video.evaluate(f"video => presented(video, {NEW_FRAMES}, {LIMIT_MS})")
            assert shown["width"] > 0, shown
            assert shown["height"] > 0, shown
            assert shown["advanced"] > 0, shown
            expect(video).to_be_visible()
        self.decodes(len(others))

    def decodes(self, connections: int) -> None:
        """Wait until each open connection has decoded more video frames than now."""
        before = self.page.evaluate("framesDecoded()")
        assert len(before) == connections, before
        self.page.wait_for_function(
            "async ([before, more]) => (await framesDecoded()).every((count, at) => count >= before[at] + more)",
            arg=[before, NEW_FRAMES],
        )

    def event_log(self) -> str:
        """What the page shows of its talk with the server, for the report of a failed test."""
        return "\n".join(self.locate("#event-log > li").all_inner_texts())


def meet(browser: Browser, url: str, name: str, locale: str = "en-US") -> Person:
    """A person with a profile of their own and nothing in it."""
    context = browser.new_context(locale=locale, permissions=["camera", "microphone"])
    context.set_default_timeout(LIMIT_MS)
    context.add_init_script(path=WATCH)
    return Person(name, url, context, context.new_page())
