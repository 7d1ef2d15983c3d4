"""What is kept of a table: right, small, the same however the table is cut."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import IntegrityError
from nbmlops.model.profile import POINTS, Column, Profile
from nbmlops.profile.merge import merge
from nbmlops.profile.table import Profiler, profile_of

CHANCE = np.random.default_rng(5)


def table(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": CHANCE.lognormal(size=count),
            "name": CHANCE.choice(["a", "b", "c"], count, p=[0.7, 0.2, 0.1]),
            "gaps": np.where(CHANCE.random(count) < 0.25, np.nan, CHANCE.random(count)),
            "day": pd.Timestamp("2025-05-01") + pd.to_timedelta(CHANCE.integers(0, 100, count), unit="D"),
        }
    )


def column(values: object, name: str = "a") -> Column:
    found = profile_of(pd.DataFrame({name: values})).column(name)
    assert found is not None
    return found


def test_numbers_keep_moments_and_quantiles() -> None:
    values = table(50_000)["number"]
    found = column(values)
    assert (found.kind, found.rows, found.missing) == ("number", 50_000, 0)
    assert found.numbers is not None
    assert found.numbers.mean == pytest.approx(values.mean())
    assert found.numbers.deviation == pytest.approx(values.std(ddof=0))
    assert (found.numbers.low, found.numbers.high) == (values.min(), values.max())
    assert len(found.numbers.quantiles) == POINTS
    ranks = np.searchsorted(np.sort(values), found.numbers.quantiles) / len(values)
    assert np.abs(ranks - np.linspace(0, 1, POINTS)).max() < 0.003
    assert found.distinct == pytest.approx(50_000, rel=0.3)


def test_kinds_of_columns() -> None:
    kinds = {
        "number": [1, 2.5, None],
        "category": ["a", None, "b"],
        "datetime": pd.date_range("2024-01-01", periods=3, tz="Europe/Oslo"),
        "empty": [None, None, None],
    }
    for kind, values in kinds.items():
        assert column(values).kind == kind
    for values in ([True, False], pd.Categorical(["x", "y"]), [b"x", b"y"], [1j, 2j], [[1], [2]]):
        assert column(values).kind == "category"
    for values in (
        pd.Categorical([1, 2]),
        pd.array([1, None], "Int64"),
        pd.to_timedelta([1, 2], unit="s"),
        [Decimal(1)],
    ):
        assert column(values).kind == "number"
    assert column([f"{a} and {b} or {a}" for a in range(20) for b in range(20)]).kind == "text"


def test_what_is_mixed_missing_or_infinite_is_counted() -> None:
    found = column([1, "a", None, 2.5, True, float("inf"), pd.NA, datetime(2024, 1, 1, tzinfo=UTC), 10**400, pd.NaT])
    assert (found.kind, found.rows, found.missing, found.mixed) == ("number", 10, 3, 3)
    assert found.numbers is not None
    assert (found.numbers.count, found.numbers.infinite) == (2, 2)


def test_a_profile_is_small() -> None:
    found = profile_of(table(20_000))
    assert len(msgspec.json.encode(found)) / len(found.columns) < 5000


def test_many_names_are_few_in_the_profile() -> None:
    found = column([f"id{number}" for number in range(100_000)])
    assert found.kind == "category"
    assert found.distinct == pytest.approx(100_000, rel=0.3)
    assert found.categories is not None
    assert len(found.categories.counts) == 256
    assert sum(found.categories.counts.values()) + found.categories.other == 100_000


def test_tables_of_arrow_and_of_pandas_are_alike() -> None:
    frame = table(500)
    one, other = profile_of(frame), profile_of(pa.Table.from_pandas(frame))
    strip = [msgspec.structs.replace(each, dtype="") for each in one.columns]
    assert strip == [msgspec.structs.replace(each, dtype="") for each in other.columns]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_parts_make_the_whole(sizes: list[int]) -> None:
    frame = table(sum(sizes))
    edges = np.cumsum([0, *sizes])
    parts = [frame.iloc[start:end] for start, end in itertools.pairwise(edges)]
    whole = profile_of(frame)
    merged = merge([profile_of(part) for part in parts])
    streamed = Profiler()
    for part in parts:
        streamed.add(part)
    for found in (merged, streamed.profile()):
        assert found.rows == whole.rows
        for each, expected in zip(found.columns, whole.columns, strict=True):
            assert (each.rows, each.missing, each.distinct) == (expected.rows, expected.missing, expected.distinct)
            assert each.categories == expected.categories
            if expected.numbers is None or each.numbers is None:
                continue
            assert each.numbers.count == expected.numbers.count
            assert (each.numbers.low, each.numbers.high) == (expected.numbers.low, expected.numbers.high)
            assert each.numbers.mean == pytest.approx(expected.numbers.mean)
            assert each.numbers.deviation == pytest.approx(expected.numbers.deviation, abs=1e-6)


def test_merged_quantiles_stay_within_the_bound() -> None:
    values = CHANCE.lognormal(size=64_000)
    merged = merge([profile_of(pd.DataFrame({"a": part})) for part in np.array_split(values, 64)]).columns[0].numbers
    assert merged is not None
    ranks = np.searchsorted(np.sort(values), merged.quantiles) / len(values)
    assert np.abs(ranks - np.linspace(0, 1, POINTS)).max() < (np.log2(64) + 1) / 512


def test_columns_that_some_parts_have_not_are_missing_there() -> None:
    first, second = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": ["x"]})
    profiler = Profiler()
    profiler.add(first)
    profiler.add(second)
    for found in (profiler.profile(), merge([profile_of(first), profile_of(second)])):
        assert {each.name: (each.rows, each.missing) for each in found.columns} == {"a": (3, 1), "b": (3, 2)}


def test_a_column_that_changes_its_type_keeps_the_one_of_most_values() -> None:
    profiler = Profiler()
    profiler.add(pd.DataFrame({"a": [1, 2, 3]}))
    profiler.add(pd.DataFrame({"a": ["x"]}))
    found = profiler.profile().columns[0]
    assert (found.kind, found.mixed) == ("number", 1)
    merged = merge([profile_of(pd.DataFrame({"a": [1, 2, 3]})), profile_of(pd.DataFrame({"a": ["x"]}))]).columns[0]
    assert (merged.kind, merged.mixed) == ("number", 1)


def test_profiles_of_a_newer_layout_are_refused() -> None:
    newer = Profile(rows=1, columns=(), layout=99)
    with pytest.raises(IntegrityError, match="newer nbmlops"):
        merge([newer, newer])


def test_nothing_has_a_profile_too() -> None:
    assert profile_of(pd.DataFrame()).rows == 0
    assert merge([profile_of(pd.DataFrame({"a": []})), profile_of(pd.DataFrame({"a": []}))]).rows == 0


def test_a_table_may_be_written_into_after_it_was_added() -> None:
    profiler = Profiler()
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    for _ in range(3):
        profiler.add(table)
        table["x"] += 1.0
        table.loc[0, "x"] = -5.0
    numbers = profiler.profile().columns[0].numbers
    assert numbers is not None
    assert (numbers.count, numbers.low, numbers.high) == (9, -5.0, 5.0)


def test_texts_that_come_a_few_at_a_time_are_texts() -> None:
    texts = [f"this is sentence number {place} of all" for place in range(400)]
    profiler = Profiler()
    for start in range(0, 400, 10):
        profiler.add(pd.DataFrame({"said": texts[start : start + 10]}))
    column = profiler.profile().columns[0]
    assert (column.kind, column.rows, column.missing) == ("text", 400, 0)
