from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.contract import Column, Contract, Level, RuleKind, Type
from nbmlops.quality.document import load, read
from nbmlops.quality.write import write

WHOLE = """\
version: 1
columns:
  age: {type: integer, min: 0, max: {is: 120, severity: warning, share: 0.01}, missing: 0.05}
  kind: {type: category, categories: [red, no, 1], new: 0.01}
  code: {type: text, pattern: '[A-Z]{2}[0-9]+', unique: true, min_length: 3, max_length: 8}
  ended: {type: datetime, optional: true, min: 2020-01-01, zone: aware}
  "net price": {type: number, infinite: true, severity: warning, share: 0.1}
  short: boolean
table:
  rows: {min: 1, max: 100}
  fresh: {column: ended, within: 36h}
  other_columns: false
  order: true
rules:
  - check: age >= 18 or kind == 'no'
    severity: warning
    share: 0.01
  - unique: [code, ended]
"""


def test_what_a_file_says_is_read_and_written_again() -> None:
    found = read(WHOLE)
    columns = {each.name: each for each in found.columns}
    age, kind = columns["age"], columns["kind"]
    assert age.type is Type.INTEGER
    most = age.rule(RuleKind.MAX)
    assert most is not None
    assert (most.value, most.severity, most.share, most.line) == (120, Level.WARNING, 0.01, 3)
    categories = kind.rule(RuleKind.CATEGORIES)
    assert categories is not None
    assert (categories.value, categories.share) == (("red", "no", "1"), 0.01)
    assert columns["ended"].rule(RuleKind.PRESENT) is None
    assert columns["net price"].rule(RuleKind.FINITE) is None
    assert columns["short"].rule(RuleKind.PRESENT) is not None
    told = "min_rows max_rows fresh closed order check unique"
    assert [str(each.kind) for each in found.rules] == told.split()
    again = read(write(found))
    assert [_plain(each) for each in again.every] == [_plain(each) for each in found.every]


def _plain(rule: object) -> object:
    return [getattr(rule, name) for name in ("kind", "columns", "value", "severity", "share")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "c.yaml:1: it is empty."),
        ("- a\n", "c.yaml:1: a contract is a mapping."),
        ("version: 1\n", "c.yaml:1: it has no rule: it names neither columns nor rules."),
        ("version: 2\ncolumns: {a: text}\n", "c.yaml:1: it was written in a newer version"),
        ("columns:\n  a: {typ: integer}\n", "c.yaml:2: there is no word for column a 'typ'; do you mean type?"),
        ("columns:\n  a: {type: intger}\n", "c.yaml:2: there is no type 'intger'; do you mean integer?"),
        ("colums:\n  a: text\n", "c.yaml:1: there is no word for a contract 'colums'; do you mean columns?"),
        ("columns:\n  a: text\n  a: text\n", "c.yaml:3: 'a' stands there twice."),
        ("columns:\n  a:\n    min: many\n", "c.yaml:3: min is a number."),
        ("columns:\n  a: {max: .nan}\n", "c.yaml:2: max is a number."),
        ("columns:\n  a: {missing: 3}\n", "c.yaml:2: missing is a share, from 0 to 1."),
        ("columns:\n  a: {type: text, min: 3}\n", "c.yaml:2: min is nothing that a column of type text has."),
        ("columns:\n  a: {type: text, pattern: '(a'}\n", "c.yaml:2: the pattern is none that RE2 takes"),
        ("columns:\n  a: {type: datetime, min: soon}\n", "c.yaml:2: min is a date or a time"),
        ("columns:\n  a: {new: 0.1}\n", "c.yaml:2: new is a share of values beside categories"),
        ("columns:\n  a: {severity: fatal}\n", "c.yaml:2: there is no severity 'fatal'; there are error, warning."),
        ("columns:\n  a: {max: {min: 3}}\n", "c.yaml:2: there is no word for max 'min'"),
        ("columns:\n  end: text\nrules:\n  - check: ned > 3\n", "c.yaml:4: there is no column 'ned'; do you mean end?"),
        ("rules:\n  - check: __import__('os')\n", "c.yaml:2: a check can use abs, isnull"),
        ("rules:\n  - check: a > 3\n    unique: [a]\n", "c.yaml:2: a rule has either a check or unique."),
        ("columns: {a: text}\ntable:\n  fresh: {column: a, within: soon}\n", "c.yaml:3: within is an age"),
        ("a: b: c\n", "c.yaml:1: it is no YAML: mapping values are not allowed"),
        ("a: [\n", "c.yaml:2: it is no YAML"),
        ("a: &a [1, *b]\n", "c.yaml:1: it is no YAML: nothing is called &b"),
        ("[" * 100_000, "more than 20 brackets in each other"),
        ("columns: &a\n  x: *a\n", "c.yaml:2: there is no word for column x 'x'"),
        ("--- {version: 1}\n--- {version: 1}\n", "c.yaml:2: it is no YAML: a second document begins"),
        ("\x00", "it is no YAML"),
    ],
)
def test_what_is_no_contract_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text, place="c.yaml")
    assert told in caught.value.message
    assert caught.value.kind == "contract-malformed"
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no contract"):
        load(tmp_path / "contract.yaml")


def test_names_that_yaml_would_take_for_something_else_stay_names() -> None:
    names = [
        "no",
        "1",
        "a: b",
        "#x",
        "",
        " ",
        "'",
        '"',
        "\\",
        "\n",
        "é",
        "\x07",
        "\U0001f600",
        "{a}",
        "null",
        "x" * 2000,
    ]
    found = read("columns:\n  a: text\n")
    contract = Contract(
        columns=tuple(Column(name=name, type=Type.TEXT, rules=found.columns[0].rules) for name in names)
    )
    assert read(write(contract)).names == tuple(names)
