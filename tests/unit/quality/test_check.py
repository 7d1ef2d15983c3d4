from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from nbmlops.model.contract import Outcome, RuleKind
from nbmlops.model.finding import Severity
from nbmlops.quality.check import check, findings
from nbmlops.quality.document import read

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def broken(text: str, table: pd.DataFrame, **more: object) -> dict[str, Outcome]:
    found = check(table, read(text), now=NOW, **more)  # type: ignore[arg-type]
    return {f"{each.kind} {' '.join(each.columns)}".strip(): each for each in found.broken}


def test_rows_that_break_rules_are_counted_and_shown() -> None:
    table = pd.DataFrame({"age": [1, 200, 3, 300, -1]})
    found = broken("columns:\n  age: {type: integer, min: 0, max: 120}\n", table, sample=1)
    most = found["max age"]
    assert (most.broken, most.share, most.line) == (2, 0.4, 2)
    assert [(each.row, each.column, each.value) for each in most.offenders] == [(1, "age", "200")]
    assert most.why == "age has to be at most 120; 2 of 5 rows (40 %) are not."
    assert set(found) == {"max age", "min age"}


def test_a_share_may_break_a_rule_and_a_warning_is_no_error() -> None:
    table = pd.DataFrame({"a": range(100), "kind": ["x"] * 99 + ["y"]})
    text = "columns:\n  a: {max: {is: 98, share: %s, severity: warning}}\n  kind: {categories: [x], new: %s}\n"
    assert broken(text % (0.01, 0.01), table) == {}
    found = check(table, read(text % (0.009, 0.009)))
    assert {each.kind for each in found.broken} == {RuleKind.MAX, RuleKind.CATEGORIES}
    assert [each.kind for each in found.errors] == [RuleKind.CATEGORIES]
    assert [each.severity for each in findings(found)] == [Severity.ERROR, Severity.WARNING]
    assert found.outcomes[0].kind is RuleKind.CATEGORIES


HELD = {
    "integer": ([1, 2], [1.0, None], pd.array([1, None], "Int64"), np.array([1], "uint8"), [10**30, 1]),
    "number": ([1, 2], [1.5, None], [Decimal("1.5")], pd.array([1.5, None], "Float64"), np.array([1], "float16")),
    "boolean": ([True, False], [True, None], pd.array([True, None], "boolean")),
    "text": (["a", None], pd.Categorical(["a", "b"]), pd.array(["a", None], "string"), pd.Series(["a"], dtype=object)),
    "category": ([1, 2], ["a", None], [True, "a", 1], pd.Categorical([1.5])),
    "datetime": (
        pd.to_datetime(["2026-01-01", None]),
        pd.to_datetime(["2026-01-01"], utc=True),
        ["2026-01-01", None],
        ["2026-01-01T10:00:00+02:00"],
        [datetime(2026, 1, 1)],
        [datetime(2026, 1, 1).date()],
        [datetime(9999, 1, 1)],
    ),
}
NOT_HELD = {
    "integer": ([1.5], [True], ["a"], ["1", "2"], [1, True], [np.inf], pd.to_datetime(["2026-01-01"]), [[1]], [1, "a"]),
    "number": ([True], ["a"], ["1.5"], pd.to_datetime(["2026-01-01"]), [10**400], [1.5, "a"], [{}]),
    "boolean": ([1], ["True"], [1.0], [True, 1], [True, "a"]),
    "text": ([1], [True], ["a", 1], pd.Categorical([1]), pd.to_datetime(["2026-01-01"]), [b"a"]),
    "category": (pd.to_datetime(["2026-01-01"]),),
    "datetime": ([1], ["soon"], ["2026-01-01", "soon"], [True], [1.5], [datetime(2026, 1, 1), 1]),
}


@pytest.mark.parametrize("name", HELD)
def test_columns_are_of_a_type_however_they_are_kept(name: str) -> None:
    text = f"columns: {{a: {name}}}\n"
    for values in HELD[name]:
        assert broken(text, pd.DataFrame({"a": values})) == {}, values
    for values in NOT_HELD[name]:
        assert broken(text, pd.DataFrame({"a": values})), values


def test_one_bad_value_in_a_file_makes_one_bad_row() -> None:
    table = pd.DataFrame({"a": ["1", "2", "many"], "day": ["2026-01-01", "soon", None]})
    found = broken("columns: {a: {type: integer, max: 1}, day: datetime}\n", table)
    assert [each.value for each in found["type a"].offenders] == ["many"]
    assert [each.value for each in found["max a"].offenders] == ["2"]
    assert [each.value for each in found["type day"].offenders] == ["soon"]


def test_numbers_that_are_text_all_of_them_are_text() -> None:
    assert broken("columns: {a: integer}\n", pd.DataFrame({"a": ["1", "2"]}))["type a"].broken == 2


def test_columns_new_missing_renamed_and_in_another_order() -> None:
    text = "columns: {age: integer, kind: text, Place Name: text}\ntable: {other_columns: false, order: true}\n"
    table = pd.DataFrame({"kind": ["a"], "age": [1], "place_name": ["b"]})
    found = broken(text, table)
    assert found["present Place Name"].why.endswith("and there is none; is it place_name?")
    assert found["closed"].why.endswith("there is place_name; is place_name the contract's Place Name?")
    assert found["order"].why.endswith("kind comes where age should.")
    assert broken("columns: {a: {type: text, optional: true}}\nrules: [{check: a == 'x'}]\n", table) == {}
    assert broken("columns: {a: text}\nrules: [{check: a == 'x'}]\n", table)["check a"].why.endswith("no column a.")


def test_two_columns_of_one_name() -> None:
    table = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert set(broken("columns: {a: integer}\n", table)) == {"names a"}


def test_tables_without_rows_and_columns_without_values() -> None:
    text = "columns: {a: {type: integer, min: 0, unique: true}, b: {type: text, missing: 0.5, pattern: x}}\n"
    text += "table: {rows: {min: 1}, fresh: {column: c, within: 1d}}\nrules: [{check: a > 3}]\n"
    text = text.replace("b: {", "c: datetime, b: {")
    empty = pd.DataFrame({"a": [], "b": [], "c": []})
    assert set(broken(text, empty)) == {"min_rows", "fresh c"}
    assert set(broken(text, pd.DataFrame({"a": [None], "b": [None], "c": [None]}))) == {"missing b", "fresh c"}
    assert set(broken(text, pd.DataFrame())) == {
        "present a", "present b", "present c", "min_rows", "fresh c", "check a",
    }  # fmt: skip


def test_infinities_break_a_number_unless_they_are_allowed() -> None:
    table = pd.DataFrame({"a": [1.0, np.inf, -np.inf]})
    assert broken("columns: {a: number}\n", table)["finite a"].broken == 2
    assert broken("columns: {a: {type: number, infinite: true}}\n", table) == {}
    assert broken("columns: {a: integer}\n", table)["type a"].broken == 2


def test_the_newest_row_may_be_so_old() -> None:
    text = "table: {fresh: {column: day, within: 36h}}\n"
    for values in (
        ["2026-02-27T13:00:00"],
        pd.to_datetime(["2026-02-27T14:00:00+01:00"]),
        ["2026-02-28", "2020-01-01"],
    ):
        assert broken(text, pd.DataFrame({"day": values})) == {}
    old = broken(text, pd.DataFrame({"day": ["2026-02-20"]}))["fresh day"]
    assert old.why == "the newest day has to be at most 1.5 d old; it is 9 d."


def test_times_with_and_without_a_zone() -> None:
    naive, aware = pd.to_datetime(["2026-01-01T10:00"]), pd.to_datetime(["2026-01-01T11:00+02:00"])
    table = pd.DataFrame({"a": naive, "b": aware})
    found = check(table, read("columns: {a: datetime, b: datetime}\nrules: [{check: b < a}]\n"))
    assert found.broken == ()
    assert found.notes == ("b, a: times without a zone are taken as UTC.",)
    text = "columns: {a: {type: datetime, zone: aware}, b: {type: datetime, zone: aware}}\n"
    assert set(broken(text, table)) == {"zone a"}
    mixed = pd.DataFrame({"a": ["2026-01-01", "2026-01-01T00:00Z"], "b": ["2026-01-01T00:00Z"] * 2})
    assert broken(text, mixed)["zone a"].why.endswith("some have one, some have none.")


def test_what_is_missing_is_neither_unique_nor_twice() -> None:
    table = pd.DataFrame({"a": [None, None, 1, 1], "b": [1, 1, None, None], "c": [[1], [1], None, [2]]})
    found = broken("columns: {a: {unique: true}, b: {}, c: {unique: true}}\nrules: [{unique: [a, b]}]\n", table)
    assert (found["unique a"].broken, found["unique c"].broken) == (1, 1)
    assert "unique a b" not in found


def test_secrets_are_not_shown_and_long_values_are_cut() -> None:
    table = pd.DataFrame({"password": ["hunter2"], "link": ["https://me:pw@host/" + "x" * 200]})
    found = broken("columns: {password: {max_length: 3}, link: {max_length: 3}}\n", table)
    assert found["max_length password"].offenders[0].value == "[redacted]"
    shown = found["max_length link"].offenders[0].value
    assert "pw" not in shown
    assert len(shown) == 80


def test_patterns_that_would_take_others_years() -> None:
    table = pd.DataFrame({"a": ["a" * 40 + "!", "aa"], "b": pd.Series(["\ud800", "b"], dtype=object)})
    found = broken("columns: {a: {pattern: '(a+)+'}, b: {pattern: 'b+'}}\n", table)
    assert (found["pattern a"].broken, found["pattern b"].broken) == (1, 1)


def test_categories_of_numbers_with_gaps() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, None], "b": pd.Categorical([1, 2, 1]), "c": [1, "x", True]})
    text = "columns:\n" + "".join(f"  {name}: {{type: category, categories: [1, 2, x]}}\n" for name in "abc")
    found = broken(text, table)
    assert set(found) == {"categories c"}
    assert found["categories c"].offenders[0].value == "True"


def test_the_table_stays_as_it_is() -> None:
    table = pd.DataFrame({"a": ["1", None], "b": [1.0, np.nan]})
    before = table.copy()
    broken("columns: {a: integer, b: integer}\nrules: [{check: b > 3}]\n", table)
    pd.testing.assert_frame_equal(table, before)
