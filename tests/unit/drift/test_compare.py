"""Tables side by side: what has moved is named, what has not stays silent, whatever the tables are."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from nbmlops.drift.compare import compare_profiles, compare_tables
from nbmlops.drift.judge import holm, weigh
from nbmlops.drift.limits import Limits
from nbmlops.drift.report import drawing
from nbmlops.model.drift import ColumnDrift, Drift, Verdict
from nbmlops.profile.table import profile_of

CHANCE = np.random.default_rng(3)
WORDS = [f"word{number}" for number in range(300)]


def people(count: int, *, seed: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": chance.normal(40, 12, count),
            "income": chance.lognormal(8, 0.5, count),
            "city": chance.choice(["Oslo", "Bergen", "Tromso"], count, p=[0.6, 0.3, 0.1]),
            "since": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(chance.integers(0, 300, count), unit="D"),
            "note": [" ".join(chance.choice(WORDS, 6)) for _ in range(count)],
        }
    )


def both_ways(before: pd.DataFrame, now: pd.DataFrame) -> tuple[Drift, Drift]:
    return compare_tables(before, now), compare_profiles(profile_of(before), profile_of(now))


def verdicts(drift: Drift) -> dict[str, str]:
    return {each.name: str(each.verdict) for each in drift.columns}


def one(drift: Drift, name: str) -> ColumnDrift:
    return next(each for each in drift.columns if each.name == name)


def test_what_has_moved_comes_first_and_the_rest_is_stable() -> None:
    before, now = people(2000, seed=1), people(1500, seed=2)
    now["age"] += 9
    now.loc[now.index[:600], "city"] = "Tromso"
    for drift in both_ways(before, now):
        assert {each.name for each in drift.drifted} == {"age", "city"}
        assert {each.name for each in drift.columns[:2]} == {"age", "city"}
        assert verdicts(drift)["note"] == "stable"
        assert "mean 4" in one(drift, "age").why
        assert "Tromso" in one(drift, "city").why
        assert one(drift, "age").effect > 1


def test_two_halves_of_one_table_have_not_drifted() -> None:
    for drift in both_ways(people(2000, seed=3), people(2000, seed=4)):
        assert drift.drifted == ()
        assert set(verdicts(drift).values()) == {"stable"}


def test_other_words_and_other_lengths_of_texts() -> None:
    before, now = people(1000, seed=5), people(1000, seed=6)
    now["note"] = [" ".join(CHANCE.choice(["refund", "angry", "late", "broken", *WORDS[:20]], 12)) for _ in range(1000)]
    for drift in both_ways(before, now):
        found = one(drift, "note")
        assert (found.kind, found.verdict) == ("text", Verdict.DRIFTED)
        assert "new words" in found.why


def test_missing_values_that_have_come() -> None:
    before, now = people(500, seed=7), people(500, seed=8)
    now.loc[now.index[:150], "income"] = np.nan
    now["city"] = None
    for drift in both_ways(before, now):
        assert one(drift, "income").verdict is Verdict.DRIFTED
        assert "missing 30 %, was 0 %" in one(drift, "income").why
        assert one(drift, "city").verdict is Verdict.DRIFTED


def test_new_names_of_a_category() -> None:
    before, now = people(500, seed=9), people(500, seed=10)
    now.loc[now.index[:40], "city"] = "Lillehammer"
    for drift in both_ways(before, now):
        found = one(drift, "city")
        assert found.verdict is Verdict.DRIFTED
        assert "new: Lillehammer (8 % of rows)" in found.why


def test_columns_that_came_went_or_changed() -> None:
    before, now = people(200, seed=11), people(200, seed=12)
    now = now.rename(columns={"income": "salary"})[["note", "salary", "city", "since", "age"]]
    now["age"] = now["age"].round().astype(int).astype(str) + " years"
    for drift in both_ways(before, now):
        assert verdicts(drift) == {
            "income": "gone", "age": "changed", "salary": "new", "city": "stable", "since": "stable", "note": "stable"
        }  # fmt: skip
        assert any("Renamed?" in note for note in drift.notes)


def test_time_that_goes_on_is_no_drift() -> None:
    before, now = people(300, seed=13), people(300, seed=14)
    now["since"] += pd.Timedelta(days=400)
    for drift in both_ways(before, now):
        assert one(drift, "since").verdict is Verdict.STABLE
        assert "was 2024-05" in one(drift, "since").why


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_few_rows_say_nothing(rows: int) -> None:
    for drift in both_ways(people(500, seed=15), people(500, seed=16).head(rows)):
        assert set(verdicts(drift).values()) == {"too few"}
        assert drift.notes


def test_odd_columns() -> None:
    before = pd.DataFrame(
        {
            "constant": [1.0] * 100,
            "missing": [None] * 100,
            "came": [None] * 100,
            "infinite": [float("inf")] * 100,
            "huge": [1e308, -1e308] * 50,
            "mixed": [1, "a", None, datetime(2024, 1, 1, tzinfo=UTC)] * 25,
            "ids": [f"id{number}" for number in range(100)],
            "flag": [True, False] * 50,
            "zone": pd.date_range("2024-01-01", periods=100, tz="Europe/Oslo"),
            "codes": pd.Categorical(["a", "b"] * 50),
            "whole": pd.array([1, None] * 50, dtype="Int64"),
        }
    )
    now = before.copy()
    now["came"] = range(100)
    now["zone"] = pd.date_range("2024-01-01", periods=100)
    for drift in both_ways(before, now):
        found = verdicts(drift)
        assert found.pop("came") == "changed"
        assert set(found.values()) == {"stable"}


def test_another_constant_has_drifted() -> None:
    before, now = pd.DataFrame({"a": [1.0] * 100}), pd.DataFrame({"a": [2.0] * 100})
    for drift in both_ways(before, now):
        assert verdicts(drift) == {"a": "drifted"}


def test_limits_are_the_callers() -> None:
    before, now = people(2000, seed=17), people(2000, seed=18)
    now["age"] += 3
    assert compare_tables(before, now).drifted == ()
    assert [each.name for each in compare_tables(before, now, Limits(ks=0.05)).drifted] == ["age"]


def test_the_columns_that_matter_come_first() -> None:
    before, now = people(1000, seed=19), people(1000, seed=20)
    now["age"] += 30
    now["income"] *= 1.8
    drift = weigh(compare_tables(before, now), {"income": 0.9, "age": 0.02, "city": 0.08})
    assert [each.name for each in drift.drifted] == ["income", "age"]
    assert drift.weighted == pytest.approx(0.92)


@pytest.mark.slow
def test_false_alarms_are_rarer_than_stated() -> None:
    """A thousand windows of 200 rows, ten columns each, of the distribution of the reference: 5 % may be told."""
    chance = np.random.default_rng(21)
    reference = pd.DataFrame(chance.normal(size=(5000, 8)), columns=list("abcdefgh"))
    reference["i"] = chance.choice(list("pqrstuvw"), 5000)
    reference["j"] = chance.exponential(size=5000)
    kept = profile_of(reference)
    alarms = 0
    for _ in range(1000):
        window = pd.DataFrame(chance.normal(size=(200, 8)), columns=list("abcdefgh"))
        window["i"] = chance.choice(list("pqrstuvw"), 200)
        window["j"] = chance.exponential(size=200)
        alarms += bool(compare_profiles(kept, profile_of(window)).drifted)
    assert alarms <= 50


def test_p_values_are_corrected_for_their_number() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_few_categories_are_drawn_one_by_one_and_others_are_none_of_them() -> None:
    before, now = people(2000, seed=1), people(1500, seed=2)
    for drift in both_ways(before, now):
        shape = one(drift, "city").shape
        assert shape is not None
        assert len(shape.names) == len(shape.before) == len(shape.now) == 3
        assert sum(shape.now) == pytest.approx(1, abs=1e-3)
        assert "Oslo" in drawing(one(drift, "city"))
