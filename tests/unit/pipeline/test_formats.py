"""Each value comes back equal and of the same type, in the plainest format that can do so."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.errors import IntegrityError
from nbmlops.pipeline import parquet
from nbmlops.pipeline.equality import difference
from nbmlops.pipeline.formats import FORMATS, format_for, format_named
from nbmlops.store.objects import Objects


def travelled(value: Any, folder: Path) -> tuple[str, Any]:
    """The name of the format, and what comes back."""
    format = format_for(value)
    path = folder / f"value{format.suffix}"
    format.write(value, path)
    return format.name, format_named(format.name).read(path)


SHARED: list[int] = []
VALUES: dict[str, tuple[str, Any]] = {
    "nothing": ("json", None),
    "truth": ("json", True),
    "big integer": ("json", -(10**200)),
    "integer of thousands of digits": ("pickle", 10**5000),
    "float": ("json", 0.1 + 0.2),
    "minus zero": ("json", -0.0),
    "infinity": ("pickle", math.inf),
    "text": ("json", "é\u2028\r\n\x00 訓練"),
    "half a character": ("pickle", "\ud800"),
    "nested": ("json", {"b": [1, {"a": None}], "a": {}}),
    "tuple": ("pickle", (1, 2)),
    "tuple inside": ("pickle", {"a": (1,)}),
    "keys that are no text": ("pickle", {1: "a"}),
    "set": ("pickle", {1, 2}),
    "bytes": ("pickle", b"\x00\xff"),
    "shared parts": ("pickle", [SHARED, SHARED]),
    "decimal": ("pickle", decimal.Decimal("1.10")),
    "date": ("pickle", dt.date(2026, 1, 2)),
    "numpy number": ("scalar", np.float32(0.1)),
    "numpy truth": ("scalar", np.bool_(True)),
    "numpy text": ("scalar", np.str_("é")),
    "numpy bytes": ("pickle", np.bytes_(b"a")),
    "large numpy number": ("scalar", np.uint64(2**64 - 1)),
    "numpy time": ("scalar", np.datetime64("2026-01-02T03:04:05.678", "ms")),
    "numpy span": ("scalar", np.timedelta64(3, "D")),
    "no numpy time": ("scalar", np.datetime64("NaT", "s")),
    "no numpy number": ("pickle", np.float64("nan")),
    "complex numpy number": ("pickle", np.complex64(1 + 2j)),
    "array": ("npy", np.arange(6).reshape(2, 3)),
    "empty array": ("npy", np.zeros((0, 3), dtype="f4")),
    "array of one": ("npy", np.array(1.5)),
    "column-wise array": ("npy", np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    "sliced array": ("npy", np.arange(10)[::2]),
    "times": ("npy", np.array(["2026-01-01", "NaT"], dtype="datetime64[s]")),
    "text array": ("npy", np.array(["a", "été"])),
    "records": ("npy", np.array([(1, 2.5)], dtype=[("a", "i1"), ("b", "f8")])),
    "aligned records": (
        "pickle",
        np.array([(1, 2.5)], dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    ),
    "objects": ("pickle", np.array([None, "a"], dtype=object)),
    "masked": ("pickle", np.ma.masked_array([1, 2], mask=[True, False])),
    "matrix": ("pickle", np.zeros((2, 2)).view(np.recarray)),
}


@pytest.mark.parametrize(("name", "value"), VALUES.values(), ids=VALUES.keys())
def test_a_value_comes_back_equal_in_the_plainest_format(tmp_path: Path, name: str, value: Any) -> None:
    used, back = travelled(value, tmp_path)
    assert used == name
    assert type(back) is type(value)
    assert difference(value, back, tolerance=0.0) is None
    if type(value) is not int:  # Python does not print integers of thousands of digits
        assert repr(back) == repr(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON)
def test_any_nested_plain_value_comes_back(tmp_path: Path, value: Any) -> None:
    _, back = travelled(value, tmp_path)
    assert repr(back) == repr(value)


def test_parts_that_are_shared_are_shared_again(tmp_path: Path) -> None:
    part = [1]
    _, back = travelled({"a": part, "b": part}, tmp_path)
    back["a"].append(2)
    assert back["b"] == [1, 2]


def test_a_list_that_holds_itself_comes_back(tmp_path: Path) -> None:
    value: list[Any] = [1]
    value.append(value)
    _, back = travelled(value, tmp_path)
    assert back[1] is back


def test_functions_and_classes_of_a_notebook_travel_by_value(tmp_path: Path) -> None:
    factor = 3
    name, back = travelled(lambda x: x * factor, tmp_path)
    assert (name, back(2)) == ("pickle", 6)


TABLES: dict[str, tuple[str, pd.DataFrame]] = {
    "plain": ("parquet", pd.DataFrame({"a": [1, 2], "b": [0.5, math.nan], "c": ["x", None]})),
    "no rows": ("parquet", pd.DataFrame({"a": pd.Series([], dtype="i8")})),
    "sorted index": ("parquet", pd.DataFrame({"a": [1, 2]}, index=[5, 3])),
    "stepped index": ("parquet", pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(2, 6, 2, name="i"))),
    "named text index": ("parquet", pd.DataFrame({"a": [1]}, index=pd.Index(["k"], name="key"))),
    "two levels": (
        "parquet",
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, "x")], names=["i", "j"])),
    ),
    "nullable": ("parquet", pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})),
    "small types": (
        "parquet",
        pd.DataFrame({"a": np.array([1], "u2"), "b": np.array([1], "f4"), "c": [True]}),
    ),
    "time zone": ("parquet", pd.DataFrame({"t": pd.to_datetime(["2026-01-01"]).tz_localize("UTC")})),
    "objects with nan": ("pickle", pd.DataFrame({"a": pd.Series(["x", math.nan], dtype=object)})),
    "lists": ("pickle", pd.DataFrame({"a": [[1], [2, 3]]})),
    "dicts": ("pickle", pd.DataFrame({"a": [{"x": 1}, {"y": [2]}]})),
    "mixed": ("pickle", pd.DataFrame({"a": [1, "x"]})),
    "numbers as names": ("pickle", pd.DataFrame([[1, 2]])),
    "a name twice": ("pickle", pd.DataFrame([[1, 2]], columns=["a", "a"])),
    "regular times": (
        "pickle",
        pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2026", periods=2, freq="D")),
    ),
    "complex": ("pickle", pd.DataFrame({"a": [1 + 2j]})),
}


@pytest.mark.parametrize(("name", "table"), TABLES.values(), ids=TABLES.keys())
def test_a_table_comes_back_equal(tmp_path: Path, name: str, table: pd.DataFrame) -> None:
    used, back = travelled(table, tmp_path)
    assert used == name
    pd.testing.assert_frame_equal(back, table, check_freq=True, check_exact=True)
    assert difference(table, back, tolerance=0.0) is None


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical(["b", "a"], categories=["c", "b", "a"], ordered=True),
        pd.Categorical([2, 1], categories=[3, 2, 1]),
        np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[s]"),
        np.array([1, 2], dtype="timedelta64[s]"),
        pd.period_range("2026", periods=2, freq="M"),
        pd.interval_range(0, 2),
        pd.arrays.SparseArray([0, 1]),
        np.array([1, 2], dtype="f2"),
        [dt.date(2026, 1, 1), None],
        [decimal.Decimal("1.0"), decimal.Decimal("2.50")],
        [b"x", b"\xff"],
        [(1, 2), (3,)],
        pd.Series(["x", None], dtype=object),
        pd.to_datetime(["2026-01-01", "NaT"]).tz_localize("Europe/Zurich"),
    ],
    ids=lambda column: type(column).__name__,
)
def test_an_odd_column_comes_back_equal_in_whatever_format(tmp_path: Path, column: Any) -> None:
    table = pd.DataFrame({"a": column})
    _, back = travelled(table, tmp_path)
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    assert [type(cell) for cell in back["a"]] == [type(cell) for cell in table["a"]]
    assert difference(table, back, tolerance=0.0) is None


def test_attributes_of_a_table_are_kept(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1]})
    table.attrs["source"] = "x.csv"
    _, back = travelled(table, tmp_path)
    assert back.attrs == {"source": "x.csv"}


def test_an_unknown_format_is_of_a_newer_version() -> None:
    assert [format_named(format.name) for format in FORMATS] == list(FORMATS)
    with pytest.raises(IntegrityError, match="There is no format 'zarr'"):
        format_named("zarr")


def test_rows_inserted_into_a_table_change_few_chunks_of_its_file(tmp_path: Path) -> None:
    if int(pa.__version__.partition(".")[0]) < parquet.CHUNKING_SINCE:
        pytest.skip(f"pyarrow {pa.__version__} does not cut pages by their content")
    values = np.random.default_rng(0).normal(size=(400_000, 2))
    table = pd.DataFrame(values, columns=["a", "b"])
    more = pd.concat([table[:200_000], table[:300], table[200_000:]], ignore_index=True)
    objects = Objects(tmp_path / "objects")
    stored = []
    for each in (table, more):
        parquet.write_table(each, tmp_path / "x.parquet")
        stored.append(objects.put_bytes((tmp_path / "x.parquet").read_bytes())[1])
    assert stored[1] < stored[0] * 0.4
