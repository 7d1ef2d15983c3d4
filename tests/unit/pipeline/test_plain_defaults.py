"""Where papermill may set parameters by itself."""

from __future__ import annotations

from typing import Any

import pytest

from nbmlops.pipeline.plain_defaults import are_plain


@pytest.mark.parametrize(
    ("defaults", "given", "expected"),
    [
        ("n = 5  # how many\nlr: float = 0.1", {"n": 7, "lr": 0.5}, True),
        ("n: int | None = None", {"n": None}, True),
        ("n: int | None = None", {"n": 3}, True),
        ("n = {'a': [1, -2]}", {"n": "text"}, True),
        ("n = 5\ntwice = n * 2", {"n": 7}, False),
        ("n = date(2024, 1, 31)", {"n": "2024-02-01"}, False),
        ("lr: float = 0.1", {"lr": 1}, False),
        ("n: int = 5", {"n": None}, False),
        ("n = 5", {"m": 7}, False),
        ("n, m = 1, 2", {"n": 7}, False),
        ("%time n = 5", {"n": 7}, False),
    ],
)
def test_only_a_list_of_literals_that_has_them_all(defaults: str, given: dict[str, Any], expected: bool) -> None:
    assert are_plain(defaults, given) is expected
