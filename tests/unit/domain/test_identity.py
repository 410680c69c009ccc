"""Who someone is, and what that allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import RoomId, UserId


@pytest.mark.parametrize(
    ("patterns", "room_id", "allowed"),
    [
        (None, "anything", True),
        ((), "anything", False),
        (("team-*",), "team-a", True),
        (("team-*",), "team-", True),
        (("team-*",), "Team-a", False),
        (("team-*",), "my-team-a", False),
        (("team-?",), "team-ab", False),
        (("a", "room-1"), "room-1", True),
        (("room-1",), "room-11", False),
        (("*",), "r", True),
        (("",), "r", False),
        (("[ab]-room",), "b-room", True),
        (("[!ab]-room",), "b-room", False),
        (("room.",), "room1", False),
    ],
)
def test_patterns_say_which_rooms(patterns: tuple[str, ...] | None, room_id: str, allowed: bool) -> None:
    """Shell-style, the whole id, upper and lower case apart; none at all allows every room."""
    assert Identity(1, "ann", room_patterns=patterns).may_use(RoomId(room_id)) is allowed


@given(patterns=st.lists(st.text("ab*?[]!-\\^()", max_size=12), max_size=4))
def test_no_pattern_raises(patterns: list[str]) -> None:
    """They come from a token, written by whoever issues it."""
    Identity(1, "ann", room_patterns=tuple(patterns)).may_use(RoomId("a-b"))


@pytest.mark.parametrize(
    ("mine", "other", "same"),
    [
        (1, 1, True),
        ("1", "1", True),
        (1, 2, False),
        (1, "1", False),
        ("1", 1, False),
        (1, True, False),
        ("a", "A", False),
    ],
)
def test_a_user_is_the_same_by_value_and_type(mine: UserId, other: UserId, same: bool) -> None:
    """5 and "5" are two users."""
    assert Identity(mine, "ann").is_user(other) is same


def test_integers_and_strings_have_different_rows() -> None:
    """However a string is chosen."""
    ids: list[UserId] = [5, "5", "int:5", "str:5"]
    assert len({Identity(user_id, "ann").external_id for user_id in ids}) == len(ids)


@pytest.mark.parametrize(("role", "moderates"), [(Role.USER, False), (Role.MODERATOR, True), (Role.ADMIN, True)])
def test_moderators_and_admins_moderate(role: Role, moderates: bool) -> None:
    """In any room."""
    assert Identity(1, "ann", role).moderates is moderates
