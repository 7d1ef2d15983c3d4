from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import UsageError
from nbmlops.model.contract import RuleKind
from nbmlops.quality.check import check
from nbmlops.quality.document import read
from nbmlops.quality.door import Breach, Door, OnBreach

TEXT = """
columns:
  alcohol: {type: number, min: 8, max: 15, missing: 0}
  ash: {type: integer, max: {is: 5, severity: warning}}
  kind: {type: category, categories: [red, white]}
  price: {type: number, min: 0}
rules:
  - check: alcohol > ash
"""


def door(way: OnBreach = "warn", text: str = TEXT) -> Door:
    return Door(read(text), way)


def told(found: tuple[Breach, ...]) -> dict[str, tuple[int, int]]:
    return {each.name: (each.rows, each.first) for each in found}


def test_numbers_of_a_request_are_held_against_ranges_gaps_and_checks() -> None:
    names = ("ash", "alcohol")
    asked = door()
    assert asked.ask(np.array([[2.0, 9.0]]), names) == ()
    found = asked.ask(np.array([[2.5, 9.0], [6.0, 99.0], [9.0, 8.0], [1.0, np.nan], [np.inf, 9.0]]), names)
    assert told(found) == {
        "alcohol max": (1, 1),
        "alcohol missing": (1, 3),
        "ash type": (2, 0),
        "ash max": (3, 1),
        "alcohol, ash check": (2, 2),
    }
    assert asked.requests == {"kept": 1, "broken": 1, "unchecked": 0}
    assert asked.rows["ash", "max"] == 3


def test_tables_and_arrays_by_name() -> None:
    table = pd.DataFrame({"kind": ["red", "rosé", None], "alcohol": [9, 9, 9]})
    for data in (table, {name: table[name].to_numpy() for name in table}, {"kind": np.array([["rosé"]])}):
        assert "kind categories" in told(door().ask(data))


def test_the_column_that_is_to_be_predicted_is_not_asked_for() -> None:
    assert door("reject").ask(pd.DataFrame({"alcohol": [9.0]})) == ()


def test_arrays_without_names_are_held_against_as_many_columns() -> None:
    asked = door(text="columns: {a: {max: 1}, b: {max: 2}}\n")
    assert told(asked.ask(np.array([[0, 3]]))) == {"b max": (1, 0)}
    assert asked.ask(np.array([[0, 3, 4]])) == ()
    assert asked.ask(np.zeros((2, 2, 2))) == ()
    assert asked.ask("text") == ()
    assert asked.ask(pd.DataFrame({"x": [1]})) == ()
    assert asked.requests == {"kept": 0, "broken": 1, "unchecked": 4}


def test_a_contract_of_checks_alone() -> None:
    asked = door(text="rules: [{check: a < b}]\n")
    for data, names in ((np.array([[3, 2]]), ("a", "b")), (pd.DataFrame({"a": [3], "b": [2]}), ())):
        assert told(asked.ask(data, names)) == {"a, b check": (1, 0)}


def test_what_is_serious_is_refused_with_row_and_column() -> None:
    asked = door("reject")
    with pytest.raises(
        UsageError, match=r"^Row 1: alcohol has to be at most 15, and is 99\.0\. And 1 more\."
    ) as caught:
        asked.ask(np.array([[2.0, 9.0], [2.0, 99.0], [2.0, np.nan]]), ("ash", "alcohol"))
    assert caught.value.kind == "contract-broken"
    assert told(asked.ask(np.array([[6.0, 9.0]]), ("ash", "alcohol"))) == {"ash max": (1, 0)}
    shared = door("reject", "columns: {a: {max: 1, share: 0.1}, b: {missing: 0.1}}\n")
    assert len(shared.ask(pd.DataFrame({"a": [3.0], "b": [None]}))) == 2


def test_rules_are_counted_one_by_one_up_to_a_bound() -> None:
    names = [f"c{number}" for number in range(600)]
    asked = door(text="columns:\n" + "".join(f"  {name}: {{max: 0}}\n" for name in names))
    asked.ask(np.ones((1, 600)), names)
    assert len(asked.rows) <= 501
    assert asked.rows["other", "other"] == 100


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.floats() | st.integers(-3, 20).map(float), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_glance_finds_what_a_check_of_the_table_finds(rows: list[list[float]]) -> None:
    text = "columns: {a: {type: number, min: 0, missing: 0}, b: {type: integer, max: 9}, c: {infinite: true}}\n"
    names = ("a", "b", "c")
    found = {(each.rule.kind, each.rule.columns, each.rows) for each in door(text=text).ask(np.array(rows), names)}
    checked = check(pd.DataFrame(rows, columns=list(names)), read(text)).broken
    assert found == {(each.kind, each.columns, each.broken) for each in checked if each.kind is not RuleKind.PRESENT}


def test_it_needs_neither_pandas_nor_arrow_nor_the_rest_of_the_project() -> None:
    code = """
import sys
from nbmlops.quality.door import Door, read_contract
door = Door(read_contract(sys.stdin.buffer.read()))
import numpy
assert door.ask({"a": numpy.array(["x", "y"], object)})[0].rows == 1
print(*sorted(name for name in sys.modules if name in ("pandas", "pyarrow", "yaml") or name.startswith("nbmlops.")))
"""
    import msgspec

    contract: Any = msgspec.json.encode(
        read("columns: {a: {type: category, categories: [x]}}\nrules: [{check: a == 'x'}]\n")
    )
    done = subprocess.run([sys.executable, "-c", code], input=contract, capture_output=True, check=True)
    assert done.stdout.decode().split() == [
        "nbmlops.errors", "nbmlops.model", "nbmlops.model.contract", "nbmlops.quality", "nbmlops.quality.door",
        "nbmlops.quality.expressions", "nbmlops.quality.patterns", "nbmlops.quality.seen", "nbmlops.quality.sentences",
        "nbmlops.quality.typed", "nbmlops.quality.values",
    ]  # fmt: skip
