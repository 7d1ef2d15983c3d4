from __future__ import annotations

from datetime import UTC

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.model.contract import Contract, RuleKind, Type
from nbmlops.quality.check import check
from nbmlops.quality.document import read
from nbmlops.quality.infer import infer
from nbmlops.quality.write import write

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = {
    "float": st.floats(),
    "single": st.floats(width=32),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "huge": st.integers(-(10**400), 10**400),
    "word": WORDS,
    "few": st.sampled_from(["red", "no", "1", " ", "null"]),
    "truth": st.booleans(),
    "gap": st.none(),
    "time": st.datetimes(timezones=st.none() | st.just(UTC)),
    "day": st.dates(),
    "mixed": st.none() | WORDS | st.floats() | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2),
    "dated": st.dates().map(str),
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 40))
    names = draw(st.lists(WORDS, max_size=5, unique=True))
    found = {}
    for name in names:
        values = VALUES[draw(st.sampled_from(sorted(VALUES)))]
        gap = draw(st.booleans())
        made = [draw(st.none() | values if gap else values) for _ in range(rows)]
        found[name] = pd.Series(made, dtype=object if draw(st.booleans()) else None)
    return pd.DataFrame(found, index=range(rows))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables())
def test_a_table_keeps_the_contract_that_was_inferred_from_it_also_by_way_of_the_file(table: pd.DataFrame) -> None:
    found = infer(table)
    assert check(table, found).broken == ()
    if not found.columns:
        return
    again = read(write(found))
    assert check(table, again).broken == ()
    assert _plain(again) == _plain(found)


def _plain(contract: Contract) -> list[object]:
    return [
        (column.name, column.type, sorted((rule.kind, repr(rule.value), rule.share) for rule in column.rules))
        for column in contract.columns
    ]


def test_what_is_guessed_of_an_ordinary_table() -> None:
    chance = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "id": range(1000),
            "share": chance.uniform(size=1000),
            "age": chance.integers(18, 90, 1000),
            "kind": chance.choice(["red", "white"], 1000),
            "name": [f"bottle {each}" for each in range(1000)],
            "made": pd.date_range("2020-01-01", periods=1000, tz="UTC"),
            "told": pd.date_range("2020-01-01", periods=1000).strftime("%Y-%m-%d"),
            "gaps": [None, *map(float, range(999))],
            "same": 7,
        }
    )
    found = {each.name: each for each in infer(table, place="wine.csv").columns}
    assert {name: each.type for name, each in found.items()} == {
        "id": Type.INTEGER,
        "share": Type.NUMBER,
        "age": Type.INTEGER,
        "kind": Type.CATEGORY,
        "name": Type.TEXT,
        "made": Type.DATETIME,
        "told": Type.DATETIME,
        "gaps": Type.INTEGER,
        "same": Type.INTEGER,
    }

    def value(name: str, kind: RuleKind) -> object:
        rule = found[name].rule(kind)
        return None if rule is None else rule.value

    assert (value("share", RuleKind.MIN), value("share", RuleKind.MAX)) == (0, 1)
    assert (value("age", RuleKind.MIN), value("age", RuleKind.MAX)) == (14, 93)
    assert value("kind", RuleKind.CATEGORIES) == ("red", "white")
    assert value("id", RuleKind.UNIQUE) is True
    assert value("name", RuleKind.UNIQUE) is True
    assert value("share", RuleKind.UNIQUE) is None
    assert value("made", RuleKind.ZONE) == "aware"
    assert value("same", RuleKind.MIN) is None
    gaps = found["gaps"].rule(RuleKind.MISSING)
    assert gaps is not None
    assert 0.001 < gaps.share < 0.01
    text = write(infer(table, place="wine.csv"))
    assert "# Inferred from wine.csv." in text
    assert "  # from 18 to 89 here, widened by 5 % of that on either side\n  age: {type: integer, missing: 0, " in text


def test_the_next_table_is_held_against_it() -> None:
    table = pd.DataFrame({"x": np.linspace(0, 10, 50), "kind": ["a", "b"] * 25})
    contract = infer(table)
    assert not check(table.assign(x=table["x"] * 1.04), contract).broken
    (far, new) = check(table.assign(x=table["x"] * 2, kind="c"), contract).broken
    assert {far.kind, new.kind} == {RuleKind.MAX, RuleKind.CATEGORIES}


def test_columns_by_the_hundred_and_none_at_all() -> None:
    assert infer(pd.DataFrame()).columns == ()
    assert len(infer(pd.DataFrame(np.ones((3, 500)))).columns) == 500
