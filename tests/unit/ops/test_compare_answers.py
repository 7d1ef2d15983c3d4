"""How far two answers are apart."""

from __future__ import annotations

from typing import Any

import pytest

from nbmlops.ops.compare_answers import Distance, distance


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1.0, 1.0 + 1e-12, Distance(True, pytest.approx(1e-12, rel=1e-3))),
        (1.0, 1.5, Distance(False, 0.5)),
        (1, 3.0, Distance(False, 2.0)),
        ("red", "red", Distance(True)),
        ("red", "white", Distance(False, 0.0, True)),
        (None, 1.0, Distance(False, 0.0, True)),
        (None, None, Distance(True)),
        (True, False, Distance(False, 0.0, True)),
        ([0.25, 0.75], [0.5, 0.5], Distance(False, 0.25)),
        ([0.5], [0.5, 0.5], Distance(False, 0.0, True)),
        ({"label": "red", "p": 0.5}, {"label": "red", "p": 0.75}, Distance(False, 0.25)),
    ],
)
def test_it_is_that_of_what_differs_most(old: Any, new: Any, expected: Distance) -> None:
    assert distance(old, new) == expected
