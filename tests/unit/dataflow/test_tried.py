"""What somebody has tried, read from what was executed."""

from __future__ import annotations

from typing import Any

import pytest

from nbmlops.dataflow.tried import MOST, tried_values
from nbmlops.model.pipeline import Parameter, ParameterType


@pytest.mark.parametrize(
    ("kind", "default", "sources", "expected"),
    [
        ("float", 0.01, ["lr = 0.1", "lr = 0.01", "x = lr", "lr: float = 1"], (0.1, 0.01, 1.0)),
        ("float", 0.1, ["lr = 0.1", "lr = 0.1"], ()),
        ("float", 0.1, ["lr = 'text'", "lr = f()", "lr += 0.2", "%time lr = 0.3", "def f(): lr = 0.4"], ()),
        ("int", 3, ["lr = True", "lr = 2.5", "lr, n = 2, 9"], (2, 3)),
        ("tuple", [1], ["lr = (1, 2)", "lr = [3]"], ([1, 2], [1])),
        ("date", "2024-01-31", ["lr = dt.date(2024, 1, 1)"], ("2024-01-01", "2024-01-31")),
        ("path", "b", ["lr = Path('a')", "lr = 'a'"], ("a", "b")),
    ],
)
def test_values_of_its_type_in_the_order_in_which_they_were_tried(
    kind: str, default: Any, sources: list[str], expected: tuple[Any, ...]
) -> None:
    assert tried_values(Parameter(name="lr", type=ParameterType(kind), default=default), sources) == expected


def test_only_the_newest_are_remembered() -> None:
    found = tried_values(Parameter(name="n", type=ParameterType.INT, default=99), [f"n = {i}" for i in range(100)])
    assert found == tuple(range(100 - MOST, 100))
