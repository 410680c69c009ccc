"""One Chromium for this folder, people with pages, and the rule that no page complains."""

import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.chromium import NoChromium, launch
from tests.browser.person import Person, meet
from tests.harness.server import Server, serving

LOCAL = {"ICE_SERVERS": "[]"}
"""Nothing outside this machine is contacted."""

LIMIT_S = 240
"""For one test: several browsers that encode video have a hard time on a busy machine."""

present: list[Person] = []


class Invite(Protocol):
    """Give a new person a browser profile; at the end of the test its page must not have complained."""

    def __call__(self, name: str, *, at: Server | None = None, locale: str = "en-US") -> Person: ...


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed with this folder: while Playwright's loop is alive in this thread, Trio's tests would mind."""
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except NoChromium as exc:
            pytest.fail(str(exc), pytrace=False)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without limits and without ICE servers."""
    with serving(tmp_path_factory.mktemp("demo"), **LOCAL) as server:
        yield server


@pytest.fixture
def invite(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Invite]:
    """See `Invite`."""
    people: list[Person] = []

    def invite(name: str, *, at: Server | None = None, locale: str = "en-US") -> Person:
        server: Server = at or request.getfixturevalue("demo")
        person = meet(browser, server.url, f"{name}-{uuid.uuid4().hex[:6]}", locale)
        people.append(person)
        present.append(person)
        return person

    yield invite
    for person in people:
        present.remove(person)
        person.context.close()
    assert {person.name: person.unexpected for person in people if person.unexpected} == {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show each page's event log and complaints under a test that failed."""
    report = yield
    if report.failed:
        for person in present:
            try:
                said = person.event_log()
            except Error as exc:
                said = f"(no event log: {exc})"
            report.sections.append((f"page of {person.name}", "\n".join([said, *person.complaints])))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs Chromium and a server process."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.timeout(LIMIT_S))
