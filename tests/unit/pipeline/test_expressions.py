"""Conditions of pipeline.yaml: what they may say, what they mean, and that they are nothing else than that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.pipeline.expressions import LONGEST, evaluate, names, parse
from nbmlops.pipeline.fan_out import parse_foreach

VALUES = {"n": 3, "x": 0.5, "name": "rf", "rows": [1, 2, 3], "scores": {"f1": 0.9}, "empty": [], "nothing": None}


@pytest.mark.parametrize(
    "text",
    [
        "n > 2", "not n", "n - 1 == 2 and x < 1", "n or empty", "empty or n", "1 < n <= 3 < 4", "name in ('rf', 'gb')",
        "'r' in name", "len(rows) > 2 and rows[0] == 1", "scores['f1'] >= 0.9", "nothing is None", "-n + 7 // 2 % 2",
        "max(rows) / n", "sum(rows) == 6", "round(x * 10)", "name + '!' == 'rf!'", "n not in {1, 2}", "{'a': n}['a']",
        "rows + [4]", "range(1, n)[1]", "abs(-n) == n and min(rows) < n", "True", "n == 3 or missing", "rows[-1]",
    ],
)  # fmt: skip
def test_an_expression_means_what_it_means_in_python(text: str) -> None:
    expected = eval(text, {"range": lambda *bounds: list(range(*bounds))}, dict(VALUES))
    assert evaluate(parse(text), VALUES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "n >", "x = 1", "import os", "name.upper()", "name.__class__", "open('f')", "__import__('os')", "(n := 3)",
        "[r for r in rows]", "lambda: 1", "f'{n}'", "n if x else 2", "rows[0:1]", "n ** 9", "n @ n", "~n", "n << 9",
        "len(rows, key=1)", "rows()", "*rows", "{**scores}", "b'x'", "1j", "...", "await n", "n; n", "max(*rows)",
        "eval('n')", "(lambda: n)()", "not " * 400 + "n", "n" * (LONGEST + 1), "-" * 900 + "n", "(" * 300,
    ],
)  # fmt: skip
def test_whatever_else_there_is_in_python_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as refused:
        evaluate(parse(text), VALUES)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["name > 1", "rows[9]", "scores['f2']", "1 / 0", "name * 9", "name % 9", "len(n)"])
def test_values_that_do_not_go_together_are_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^\w+Error: "):
        evaluate(parse(text), VALUES)


def test_a_range_has_an_end() -> None:
    with pytest.raises(ValueError, match="more than 100,000 items"):
        evaluate(parse("len(range(10000000000))"), {})


def test_names_are_those_whose_values_are_needed() -> None:
    assert names(parse("len(rows) > n and max(x, n) or name")) == ("rows", "n", "x", "name")


@given(st.text(max_size=60))
def test_no_text_does_anything_but_give_a_value_or_a_line(text: str) -> None:
    try:
        evaluate(parse(text), {})
    except ValueError as error:
        said = str(error)
    else:
        said = ""
    assert "\n" not in said


def test_for_each_has_a_name_and_a_list() -> None:
    item, items = parse_foreach("seed in seeds + [7]")
    assert (item, evaluate(items, {"seeds": [1]})) == ("seed", [1, 7])
    for text in ("seeds", "seed in", "seed not in seeds", "a, b in seeds", "seed in a in b", "1 in seeds"):
        with pytest.raises(ValueError, match=r"\S"):
            parse_foreach(text)
