"""Ids are unguessable and of the shape the contract shows."""

import re
from collections.abc import Callable

import pytest

from trio_signal.domain import ids
from trio_signal.protocol.values import check_room_id


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (ids.new_peer_id, r"p_[\w-]{22}"),
        (ids.new_node_id, r"n_[\w-]{11}"),
        (ids.new_room_id, r"r-[0-9a-f]{16}"),
        (ids.new_entry_id, r"e_[\w-]{16}"),
    ],
)
def test_ids_have_their_shape_and_are_never_the_same(make: Callable[[], str], shape: str) -> None:
    """At least 64 random bits each."""
    made = [make() for _ in range(500)]
    assert all(re.fullmatch(shape, one) for one in made)
    assert len(set(made)) == len(made)


def test_a_made_room_id_is_a_room_id() -> None:
    """So that others can join by it."""
    made = ids.new_room_id()
    assert check_room_id(made) == made
