"""The rules for single values, by tables and properties."""

import html
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.protocol.json_values import VALUES, nested
from trio_signal.domain.ids import new_room_id
from trio_signal.protocol import values
from trio_signal.protocol.codes import ErrorCode, Refused


def names(refused: object, field: str) -> bool:
    """Whether this is a refusal that names the field."""
    return (
        isinstance(refused, Refused)
        and refused.code is ErrorCode.VALIDATION_ERROR
        and refused.details == {"field": field}
    )


@pytest.mark.parametrize("room_id", ["abc", "A-Z_09", "___", "a" * 100, new_room_id()])
def test_a_room_id_is_taken_as_it_is(room_id: str) -> None:
    """3 to 100 letters, digits, hyphens and underlines."""
    assert values.check_room_id(room_id) == room_id


@pytest.mark.parametrize(
    "room_id",
    [
        "",
        "ab",
        "a" * 101,
        "a b",
        " abc",
        "abc ",
        "abc\n",
        "abc\x00",
        "a.b",
        "a/b",
        "방이름",
        "abć",
        "a\u0663b",
        "team-*",
    ],
)
def test_another_room_id_is_refused(room_id: str) -> None:
    """Also one that only looks like a digit or ends in a newline."""
    assert names(values.check_room_id(room_id), "roomId")


@given(st.text(max_size=110))
@example("ab\n")
def test_room_ids_are_what_the_contract_says(text: str) -> None:
    """Against the rule spelt out."""
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    good = 3 <= len(text) <= 100 and set(text) <= allowed
    assert (values.check_room_id(text) == text) is good


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("ab", "ab"),
        ("  ab\t\n", "ab"),
        ("a b", "a b"),
        ("방1", "방1"),
        ("<>", "&lt;&gt;"),
        ("&&", "&amp;&amp;"),
        ("<", "&lt;"),
        ("O'Hara", "O&#x27;Hara"),
        ('"x"', "&quot;x&quot;"),
        ("&lt;", "&amp;lt;"),
        ("a" * 50, "a" * 50),
        ("<" * 12 + "ab", "&lt;" * 12 + "ab"),
        ("😀😀", "😀😀"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_a_name_is_trimmed_and_escaped(name: str, stored: str) -> None:
    """It is stored and sent escaped."""
    assert values.check_room_name(name) == stored


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a",
        " a ",
        "a" * 51,
        "<" * 13,
        "&" * 11,
        '"' * 9,
        "a\x00b",
        "a\nb",
        "a\tb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "a\u2029b",
        "a\ud800b",
    ],
)
def test_a_name_too_short_too_long_or_with_control_characters_is_refused(name: str) -> None:
    """The escaped result has 2 to 50 characters."""
    assert names(values.check_room_name(name), "name")


@given(st.text(max_size=55))
def test_a_name_that_is_taken_is_safe_in_html(text: str) -> None:
    """No markup, no control characters, at most 50 characters, and it says what was sent."""
    name = values.check_room_name(text)
    if not isinstance(name, Refused):
        assert not set(name) & set("<>\"'")
        assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", name)
        assert 2 <= len(name) <= 50
        assert html.unescape(name) == text.strip()


@given(st.text())
def test_escaping_is_undone_by_a_browser(text: str) -> None:
    """And leaves none of the five characters that open markup or attributes."""
    escaped = values.escape_html(text)
    assert html.unescape(escaped) == text or "&" in text
    assert escaped == html.escape(text, quote=True)


@pytest.mark.parametrize(
    ("value", "most", "good"),
    [(1, 10, True), (10, 10, True), (0, 10, False), (11, 10, False), (-1, 10, False), (10**30, 1000, False)],
)
def test_max_users_is_bounded_by_the_configuration(value: int, most: int, good: bool) -> None:
    """From 1 to MAX_ROOM_USERS."""
    outcome = values.check_max_users(value, most)
    assert outcome == value if good else names(outcome, "maxUsers")


@pytest.mark.parametrize(
    ("reason", "stored"),
    [(None, ""), ("", ""), ("bye", "bye"), ("<b>", "&lt;b&gt;"), ("x" * 200, "x" * 200), ("<" * 200, "&lt;" * 200)],
)
def test_a_reason_is_escaped_after_it_is_measured(reason: str | None, stored: str) -> None:
    """Up to 200 characters as sent."""
    assert values.check_reason(reason) == stored


def test_a_longer_reason_is_refused() -> None:
    """Not cut."""
    assert names(values.check_reason("x" * 201), "reason")


@pytest.mark.parametrize(
    ("username", "stored"),
    [
        ("a", "a"),
        (" ann ", "ann"),
        ("x" * 100, "x" * 100),
        ("홍길동", "홍길동"),
        ("", None),
        ("  ", None),
        ("x" * 101, None),
        ("a\nb", None),
        ("a\x00b", None),
        ("a\ud800", None),
    ],
)
def test_a_user_name_has_1_to_100_characters(username: str, stored: str | None) -> None:
    """Trimmed, no control characters."""
    outcome = values.check_username(username)
    assert outcome == stored if stored else names(outcome, "username")


@pytest.mark.parametrize(
    ("email", "stored"),
    [
        ("a@b", "a@b"),
        (" Ann@Example.COM ", "ann@example.com"),
        ("a+b@c.d", "a+b@c.d"),
        ("", None),
        ("a", None),
        ("@b", None),
        ("a@", None),
        ("a@b@c", None),
        ("a b@c", None),
        ("a@b\nc", None),
        ("x" * 250 + "@b.com", None),
        ("a@b\x00", None),
    ],
)
def test_an_email_is_kept_in_lower_case(email: str, stored: str | None) -> None:
    """One account however it is typed."""
    outcome = values.check_email(email)
    assert outcome == stored if stored else names(outcome, "email")


@pytest.mark.parametrize(("length", "good"), [(0, False), (7, False), (8, True), (1024, True), (1025, False)])
def test_a_password_has_8_to_1024_characters(length: int, good: bool) -> None:
    """It is taken as it is, blanks and all."""
    password = " " * length
    outcome = values.check_password(password)
    assert outcome == password if good else names(outcome, "password")


def depth_of(value: object) -> int:
    """How many levels of objects and lists, by going down."""
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(
    wraps=st.lists(st.sampled_from(["[X]", '{"a":X}', "[[],X,{}]", '["[[",X]', '{"]":0,"b":X}']), max_size=40),
    value=VALUES,
)
def test_depth_is_counted_as_by_going_down(wraps: list[str], value: object) -> None:
    """Brackets, siblings and strings in any arrangement."""
    text = json.dumps(value, ensure_ascii=False)
    for wrap in wraps:
        text = wrap.replace("X", text, 1)
    assert values.is_too_deep(text.encode()) is (depth_of(json.loads(text)) > values.MAX_DEPTH)


@pytest.mark.parametrize(("depth", "too_deep"), [(1, False), (32, False), (33, True), (30_000, True)])
@pytest.mark.parametrize("kind", ["[", "{"])
def test_the_33rd_level_is_one_too_many(depth: int, too_deep: bool, kind: str) -> None:
    """However many there are."""
    assert values.is_too_deep(nested(depth, kind).encode()) is too_deep


@pytest.mark.parametrize("total_ms", [0, 1, 2, 5000])
def test_a_spread_delay_is_within_half_and_whole(total_ms: int) -> None:
    """So that a drain's clients do not come back at one moment."""
    delays = {values.spread(total_ms) for _ in range(300)}
    assert all(total_ms // 2 <= delay <= total_ms for delay in delays)
    assert len(delays) > 100 or total_ms < 5000
