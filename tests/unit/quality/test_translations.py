"""The same tables pass and fail, in pandera as here; suites of Great Expectations come back as they went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nbmlops.errors import UsageError
from nbmlops.model.contract import Contract, Level, RuleKind
from nbmlops.quality.check import check
from nbmlops.quality.document import read
from nbmlops.quality.expectations import read_suite, write_suite
from nbmlops.quality.infer import infer
from nbmlops.quality.pandera_text import pandera_text
from nbmlops.quality.write import write

TEXT = """
columns:
  age: {type: integer, min: 0, max: {is: 90, share: 0.3}, missing: 0.3}
  kind: {type: category, categories: [red, '1'], new: 0.3}
  code: {type: text, pattern: '[A-Z]{2}[0-9]+', unique: true, min_length: 3, max_length: 5}
  made: {type: datetime, min: 2020-01-01}
  told: datetime
  share: {type: number, missing: 0}
  yes: {type: boolean, optional: true}
table:
  rows: {min: 2, max: 6}
  fresh: {column: made, within: 10000d}
  other_columns: false
  order: true
rules:
  - check: made <= told
  - check: share * 2 < age + 100
  - unique: [age, kind]
"""
GOOD = pd.DataFrame(
    {
        "age": [1.0, 2.0, None, 95.0, 5.0],
        "kind": ["red", "1", "red", "blue", None],
        "code": ["AB1", "AB2", "CD3", "CD4", None],
        "made": pd.to_datetime(["2024-01-01"] * 5, utc=True),
        "told": ["2024-01-02", "2024-01-02T10:00:00Z", None, "2024-01-02", "2024-01-02"],
        "share": [0.1, 1, 2, 3, 4],
        "yes": [True, False, True, True, False],
    }
)
CHANGES: dict[str, Any] = {
    "nothing": lambda table: table,
    "optional": lambda table: table.drop(columns="yes"),
    "lacking": lambda table: table.drop(columns="share"),
    "more": lambda table: table.assign(new=1),
    "order": lambda table: table[["kind", *[each for each in table if each != "kind"]]],
    "few": lambda table: table.head(1),
    "many": lambda table: pd.concat([table, table.assign(code=None, age=None)]).reset_index(drop=True),
    "fraction": lambda table: table.assign(age=[1.5, 2, 3, 4, 5]),
    "low": lambda table: table.assign(age=[-1, 2, 3, 4, 5]),
    "high": lambda table: table.assign(age=[91, 92, 3, 4, 5]),
    "gaps": lambda table: table.assign(age=[None, None, 3, 4, 5]),
    "text": lambda table: table.assign(age=list("12345")),
    "new": lambda table: table.assign(kind=["blue", "blue", "1", "red", "red"]),
    "pattern": lambda table: table.assign(code=["ab1", "AB2", "AB3", "AB4", "AB5"]),
    "twice": lambda table: table.assign(code="AB1"),
    "short": lambda table: table.assign(code=["AB1", "AB2", "AB3", "AB4", "AB55555"]),
    "early": lambda table: table.assign(made=pd.to_datetime(["2019-01-01"] * 5, utc=True)),
    "later": lambda table: table.assign(told="2023-01-01"),
    "no day": lambda table: table.assign(told="soon"),
    "infinite": lambda table: table.assign(share=float("inf")),
    "large": lambda table: table.assign(share=99),
    "no truth": lambda table: table.assign(yes=1),
    "together": lambda table: table.assign(age=1, kind="red"),
}


def schema_of(contract: Contract) -> Any:
    text, lost = pandera_text(contract)
    assert lost == ()
    made: dict[str, Any] = {}
    exec(compile(text, "schema.py", "exec"), made)
    return made["schema"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CHANGES)
def test_pandera_says_the_same_of_a_table(name: str) -> None:
    errors = pytest.importorskip("pandera.errors", reason="the extra `validate` is not installed")
    contract = read(TEXT)
    table = CHANGES[name](GOOD)
    try:
        schema_of(contract).validate(table, lazy=True)
        passes = True
    except errors.SchemaErrors:
        passes = False
    assert passes is not bool(check(table, contract).errors), check(table, contract).errors
    assert passes is (name in ("nothing", "optional"))


@pytest.mark.filterwarnings("ignore")
def test_pandera_only_warns_of_what_is_a_warning() -> None:
    pytest.importorskip("pandera", reason="the extra `validate` is not installed")
    contract = read("columns:\n  a: {type: integer, max: {is: 3, severity: warning}}\n")
    with pytest.warns(match="a has to be at most 3"):
        schema_of(contract).validate(pd.DataFrame({"a": [1, 5]}))


def test_what_pandera_has_no_words_for_is_named() -> None:
    contract = read("columns: {a: {type: datetime, zone: aware}, b: number}\nrules:\n  - check: isnull(a) or b > 3\n")
    assert pandera_text(contract)[1] == ("a has to be with a time zone.", "isnull(a) or b > 3 has to hold.")


def test_a_suite_comes_back_as_it_went(tmp_path: Path) -> None:
    contract = read(TEXT.replace("type: category, ", ""))
    text, lost = write_suite(contract)
    assert lost == (
        "share has to be finite.",
        "the newest made has to be at most 1e+04 d old.",
        "there may be no other columns.",
        "the columns have to come in the contract's order.",
        "share * 2 < age + 100 has to hold.",
    )
    (tmp_path / "suite.json").write_text(text)
    found = read_suite(tmp_path / "suite.json")
    assert found.untranslated == ()
    told = {(rule.kind, rule.columns, rule.value, rule.share) for rule in found.contract.every}
    kept = {(rule.kind, rule.columns, rule.value, rule.share) for rule in contract.every}
    assert {
        each
        for each in kept - told
        if each[0] not in (RuleKind.FINITE, RuleKind.FRESH, RuleKind.ORDER, RuleKind.CLOSED)
    } == {
        (RuleKind.CHECK, ("made", "told"), "made <= told", 0.0),
        (RuleKind.CHECK, ("share", "age"), "share * 2 < age + 100", 0.0),
    }
    assert told - kept == {(RuleKind.CHECK, ("told", "made"), "told >= made", 0.0)}


def test_a_suite_of_somebody_elses(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    expectations = [
        ("expect_column_to_exist", {"column": "a"}),
        ("expect_column_values_to_be_of_type", {"column": "a", "type_": "int64"}),
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 0, "strict_min": True, "mostly": 0.9}),
        ("expect_column_values_to_match_regex", {"column": "b", "regex": "^x"}),
        ("expect_column_mean_to_be_between", {"column": "a", "min_value": 0}),
        ("expect_column_values_to_be_between", {"column": "b", "min_value": []}),
        ("expect_column_values_to_be_in_set", {"column": "b", "value_set": [1, "x"], "row_condition": "a > 3"}),
        ("expect_column_values_to_be_in_set", {}),
    ]
    suite = {
        "expectation_suite_name": "s",
        "expectations": [{"expectation_type": name, "kwargs": given, "meta": {}} for name, given in expectations],
    }
    path.write_text(json.dumps(suite))
    found = read_suite(path)
    assert {rule.kind for rule in found.contract.every} == {
        RuleKind.PRESENT,
        RuleKind.TYPE,
        RuleKind.CHECK,
        RuleKind.PATTERN,
    }
    assert [each.partition(":")[0] for each in found.untranslated] == [
        "expect_column_mean_to_be_between of a",
        "expect_column_values_to_be_between of b",
        "expect_column_values_to_be_in_set of b",
        "expect_column_values_to_be_in_set",
    ]
    again = read(write(found.contract))
    broken = check(pd.DataFrame({"a": [0, 0, 1], "b": ["xy", "y", None]}), again).broken
    assert {each.kind for each in broken} == {RuleKind.CHECK, RuleKind.PATTERN}
    assert all(each.severity is Level.ERROR for each in broken)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"expectations": 3}', '{"expectations": []}', "\x00", "[" * 100_000])
def test_what_is_no_suite_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "suite.json").write_text(text)
    with pytest.raises(UsageError):
        read_suite(tmp_path / "suite.json")


@pytest.mark.filterwarnings("ignore")
def test_an_inferred_contract_holds_in_pandera() -> None:
    pytest.importorskip("pandera", reason="the extra `validate` is not installed")
    table = pd.concat([GOOD.assign(code=[f"AB{n}{each}" for each in range(5)]) for n in range(10)], ignore_index=True)
    made: dict[str, Any] = {}
    exec(pandera_text(infer(table))[0], made)
    made["schema"].validate(table, lazy=True)
