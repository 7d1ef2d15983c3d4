"""Columns are found by name and brought to the types of the signature, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from nbmlops.batch_scoring.columns import TYPES, Need, check_types, needs, typed
from nbmlops.errors import UsageError
from nbmlops.serve.signature import Signature, Tensor


def column(name: str, kind: str, *, is_optional: bool = False) -> Tensor:
    return Tensor(name=name, datatype="BYTES", shape=(-1,), is_optional=is_optional, column=kind)


TABLE = Signature(
    inputs=(column("b", "double"), column("a", "long"), column("c", "string", is_optional=True)), has_columns=True
)


def test_columns_come_in_the_models_order_and_others_are_left() -> None:
    assert [each.name for each in needs(TABLE, ("x", "a", "b"), "in.csv")] == ["b", "a"]
    assert [each.name for each in needs(TABLE, ("c", "a", "b"), "in.csv")] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (("a", "x"), r"in\.csv has no column b, which the model takes\. Its columns: a, x\."),
        (("a", "b", "b"), "has 2 columns b"),
    ],
)
def test_a_column_that_is_missing_or_there_twice_is_named(columns: tuple[str, ...], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        needs(TABLE, columns, "in.csv")


def test_an_array_takes_all_columns() -> None:
    signature = Signature(inputs=(Tensor(name="input-0", datatype="FP64", shape=(-1, 2)),))
    assert [each.name for each in needs(signature, ("y", "x"), "in.csv")] == ["y", "x"]
    with pytest.raises(UsageError, match=r"takes 2 columns without names, and in\.csv has 3"):
        needs(signature, ("x", "y", "z"), "in.csv")
    with pytest.raises(UsageError, match="no signature"):
        needs(Signature(), ("x",), "in.csv")
    with pytest.raises(UsageError, match="no table"):
        needs(Signature(inputs=(Tensor(name="i", datatype="FP64", shape=(-1, 8, 8)),)), ("x",), "in.csv")


@pytest.mark.parametrize(
    ("given", "kind", "is_fine"),
    [
        (pa.int64(), "double", True),
        (pa.float64(), "long", True),
        (pa.decimal128(9, 2), "double", True),
        (pa.dictionary(pa.int32(), pa.string()), "string", True),
        (pa.date32(), "datetime", True),
        (pa.null(), "double", True),
        (pa.string(), "double", False),
        (pa.bool_(), "double", False),
        (pa.int64(), "string", False),
        (pa.float64(), "boolean", False),
    ],
)
def test_types_that_can_and_cannot_be_taken(given: pa.DataType, kind: str, is_fine: bool) -> None:
    need = Need(name="x", kind=kind, type=TYPES[kind])
    schema = pa.schema([("x", given)])
    if is_fine:
        check_types((need,), schema, "in.parquet")
    else:
        with pytest.raises(UsageError, match=rf"Column x of in\.parquet is .*, and the model takes {kind}"):
            check_types((need,), schema, "in.parquet")


@pytest.mark.parametrize(
    ("given", "kind", "wanted", "bad"),
    [
        (pa.array([1, 2, None]), "double", [1.0, 2.0, None], {}),
        (pa.array([1.0, 2.5, float("nan"), None, 1e30]), "long", [1, None, None, None, None],
         {1: "'2.5' is no long", 2: "'nan' is no long", 3: "it is missing", 4: "'1e+30' is no long"}),
        (pa.array([1, 1 << 40]), "integer", [1, None], {1: "'1099511627776' is no integer"}),
        (pa.array([1, (1 << 53) + 1]), "double", [1.0, None], {1: "'9007199254740993' is no double"}),
        (pa.array([True, None]), "boolean", [True, None], {1: "it is missing"}),
        (pa.array(["x", None]).dictionary_encode(), "string", ["x", None], {}),
        (pa.array([None, None]), "double", [None, None], {}),
        (pa.array([None]), "long", [None], {0: "it is missing"}),
        (pa.array([9.3e18, -9.3e18, 5.0]), "long", [None, None, 5],
         {0: "'9.3e+18' is no long", 1: "'-9.3e+18' is no long"}),
    ],
)  # fmt: skip
def test_values_are_taken_as_they_are_or_told(
    given: pa.Array, kind: str, wanted: list[Any], bad: dict[int, str]
) -> None:
    found, told = typed(given, Need(name="x", kind=kind, type=TYPES[kind]))
    assert found.type == TYPES[kind]
    assert found.to_pylist() == wanted
    assert told == {row: ("x", why) for row, why in bad.items()}
