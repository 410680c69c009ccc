"""JSON texts of every kind, as clients may write them."""

import json
from typing import Any

from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """A JSON value in a spelling that a re-encoder would change: odd escapes, exponents, blanks."""
    value: Any = draw(VALUES)
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 0, 2])))
    return draw(st.sampled_from([text, "1.50e+01", "-0", "-0.0", "1E400", '"\\u0041\\/"', '{"a" : 1, "a":2}']))


def nested(depth: int, kind: str = "[") -> str:
    """A value of so many levels."""
    opening, middle, closing = ("[", "1", "]") if kind == "[" else ('{"a":', "1", "}")
    return opening * depth + middle + closing * depth
