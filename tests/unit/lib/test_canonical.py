from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.lib.canonical import canonical_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)


def shuffled(value: object) -> object:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(PLAIN)
def test_the_order_in_which_a_mapping_was_filled_does_not_show(value: object) -> None:
    assert canonical_json(value) == canonical_json(shuffled(value))
    assert msgspec.json.decode(canonical_json(value)) == value


def test_structs_and_moments_have_one_form() -> None:
    class Point(msgspec.Struct):
        y: int
        x: tuple[int, ...]

    moment = datetime(2026, 1, 2, tzinfo=UTC)
    assert canonical_json({"b": Point(1, (2, 3)), "a": moment}) == (
        b'{"a":"2026-01-02T00:00:00Z","b":{"x":[2,3],"y":1}}'
    )
