from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import UsageError
from nbmlops.quality.expressions import parse
from nbmlops.quality.frames import seen_of

TABLE = pd.DataFrame(
    {
        "a": [1.0, 2.0, None, 4.0],
        "b": [2, 2, 2, 2],
        "start": pd.to_datetime(["2026-01-01", "2026-01-05", None, "2026-02-01"]),
        "end": pd.to_datetime(["2026-01-02", "2026-01-04", "2026-01-04", None]),
        "kind": ["red", "White", None, "rosé"],
        "yes": [True, False, True, False],
        "net price": [1, 2, 3, 4],
        "odd": [1, "x", None, []],
        "gone": [None] * 4,
    }
)


def broken(text: str) -> list[int]:
    seen = {name: seen_of(TABLE[name]) for name in TABLE}
    return np.flatnonzero(parse(text).broken(seen, len(TABLE))).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a <= b", [3]),
        ("a < b < 3", [1, 3]),
        ("not a > b", [3]),
        ("a >= b or b == 3", [0]),
        ("a > 3 and b == 2", [0, 1]),
        ("end >= start", [1]),
        ("days(end - start) <= 0.5", [0]),
        ("hours(end - start) == 24 or isnull(end) or isnull(start)", [1]),
        ("start >= '2026-01-03'", [0]),
        ("kind in ['red', 'rosé']", [1]),
        ("lower(kind) not in ('white',)", [1]),
        ("length(kind) == 3", [1, 3]),
        ("not isnull(a)", [2]),
        ("yes", [1, 3]),
        ("yes == True", [1, 3]),
        ("column('net price') * 2 - 1 < 7", [3]),
        ("abs(-a) % 2 == 0", [0]),
        ("a / (b - 2) > 0 or b == 2", []),
        ("(b - 2) / (b - 2) == 1", []),
        ("gone > 3", []),
        ("gone > 3 or a < 3", []),
        ("gone > 3 and a < 3", [3]),
        ("isnull(gone)", []),
        ("length(gone) > 3", []),
        ("a < 1000000000000000000", []),
    ],
)
def test_rows_that_break_a_check(text: str, rows: list[int]) -> None:
    assert broken(text) == rows


REFUSED = (
    *("a.__class__", "(lambda: a)()", "[a for a in b]", "a[0]", "f'{a}'", "a if b else a", "a ** 9", "a := 3", "a; b"),
    *(
        "open('x') == a",
        "abs(a, b)",
        "abs()",
        "1 < 2",
        "",
        "a is None",
        "a in b",
        "a in [b]",
        "await a",
        "*a",
        "a < None",
    ),
    *("column(a)", "isnull(x=a)", "(" * 900 + "a" + ")" * 900, "a" + "+a" * 400, "a < 1e400", "a == b'x'"),
    *("a < 9" + "9" * 900, "a <\x00 b"),
)
SENSELESS = (
    *("kind > 3", "a + 1", "kind", "odd > 3", "start > 3", "start > 'soon'", "-kind < 3", "absent > 3"),
    *("lower(a) == 'x'", "yes + 1 > 2"),
)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_check_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize("text", SENSELESS)
def test_what_makes_no_sense_of_the_columns_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        broken(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab()+-*/%<>=!&|'. 0123456789noradstiulegh[],", max_size=40))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        broken(text)
    except UsageError:
        return
