"""The columns that a model takes, out of those that a file has: by name, and of the types that its signature says.

Whole numbers are taken as fractions and fractions without a rest as whole numbers, within what both can hold. A gap is
no error in a column of fractions, texts or times: it is NaN or None there, as in a table of pandas.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from nbmlops.errors import UsageError
from nbmlops.serve.signature import NUMPY, Signature

TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "datetime": pa.timestamp("ns"),
}
"""MLflow's types of columns."""
_LONGEST_VALUE = 60

Bad = dict[int, tuple[str, str]]
"""Row -> the column in which it cannot be used, and why."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A column that the model takes."""

    name: str
    kind: str
    """As the signature calls it."""
    type: pa.DataType | None
    """None: it is given as it is."""


def needs(signature: Signature, columns: tuple[str, ...], file: str) -> tuple[Need, ...]:
    """What is read of a file with these columns, in the model's order. A model that takes an array without names gets
    all columns, in the file's order.

    Raises UsageError for a column that is missing or there twice, and for a model that does not say what it takes.
    """
    if not signature.inputs:
        raise UsageError(
            "The model does not say which columns it takes: it has no signature.",
            kind="signature-missing",
            hint="Log it with a signature or an input example.",
        )
    if not signature.has_columns:
        return _array_needs(signature, columns, file)
    found = []
    for each in signature.inputs:
        count = columns.count(each.name)
        if count == 0 and each.is_optional:
            continue
        if count != 1:
            what = "has no column" if count == 0 else f"has {count} columns"
            raise UsageError(
                f"{file} {what} {each.name}, which the model takes.",
                kind="column-missing" if count == 0 else "column-twice",
                hint=f"Its columns: {_listed(columns)}",
                column=each.name,
            )
        found.append(Need(name=each.name, kind=each.column, type=TYPES.get(each.column)))
    return tuple(found)


def check_types(wanted: tuple[Need, ...], schema: pa.Schema, file: str) -> None:
    """Raises UsageError for a column whose type is wrong for all of its rows."""
    for need in wanted:
        given = schema.field(need.name).type
        if need.type is not None and not _can_be(given, need.type):
            raise UsageError(
                f"Column {need.name} of {file} is {given}, and the model takes {need.kind}.",
                kind="column-type",
                hint="Convert it where the file is made.",
                column=need.name,
            )


def typed(column: pa.Array, need: Need) -> tuple[pa.Array, Bad]:
    """As the model takes it, with null where a value cannot be. The values are what `check_types` lets through."""
    found, bad = _converted(column, need), {}
    if pa.types.is_integer(found.type) or pa.types.is_boolean(found.type):
        if found.null_count:
            for row in pc.indices_nonzero(pc.is_null(found)).to_pylist():
                bad[row] = (need.name, _why(column[row], need))
    elif found.null_count > column.null_count:
        lost = pc.and_(pc.is_null(found), pc.is_valid(column))
        bad = {row: (need.name, _why(column[row], need)) for row in pc.indices_nonzero(lost).to_pylist()}
    return found, bad


def refused(value: str, kind: str) -> str:
    shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
    return f"{shown!r} is no {kind}"


MISSING = "it is missing"


def _why(value: pa.Scalar, need: Need) -> str:
    return refused(str(value.as_py()), need.kind) if value.is_valid else MISSING


def _converted(column: pa.Array, need: Need) -> pa.Array:
    wanted = need.type
    if wanted is None or column.type == wanted:
        return column
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return column.cast(wanted, safe=not pa.types.is_timestamp(wanted))
    except pa.ArrowInvalid:
        # Some value does not fit: which one is told by the way there and back.
        there = column.cast(wanted, safe=False)
        back = pc.equal(there.cast(column.type, safe=False), column)
        fits = pc.fill_null(back, False)
        if pa.types.is_floating(column.type) and pa.types.is_integer(wanted):
            bits = pa.array([1], wanted).type.bit_width - 1
            near = pc.and_(pc.less(column, float(2**bits)), pc.greater_equal(column, -float(2**bits)))
            fits = pc.and_(fits, pc.fill_null(near, False))
        return pc.if_else(fits, there, pa.scalar(None, wanted))


def _can_be(given: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_dictionary(given):
        given = given.value_type
    if pa.types.is_null(given) or given == wanted:
        return True
    if pa.types.is_integer(wanted) or pa.types.is_floating(wanted):
        return bool(pa.types.is_integer(given) or pa.types.is_floating(given) or pa.types.is_decimal(given))
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given))
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(given) or pa.types.is_date(given))
    if pa.types.is_binary(wanted):
        return bool(pa.types.is_large_binary(given) or pa.types.is_fixed_size_binary(given))
    return False


def _array_needs(signature: Signature, columns: tuple[str, ...], file: str) -> tuple[Need, ...]:
    tensor = signature.inputs[0]
    if len(signature.inputs) > 1 or len(tensor.shape) != 2 or tensor.datatype not in NUMPY:
        raise UsageError(
            "The model takes arrays that are no table: rows of a file are none of them.",
            kind="model-takes-arrays",
            hint="Log it with a signature of columns.",
        )
    if tensor.shape[1] not in (-1, len(columns)):
        raise UsageError(
            f"The model takes {tensor.shape[1]} columns without names, and {file} has {len(columns)}.",
            kind="column-missing",
            hint="Leave the others out of the file, or log the model with the names of its columns.",
        )
    kind = NUMPY[tensor.datatype]
    return tuple(Need(name=name, kind=kind, type=pa.type_for_alias(kind)) for name in columns)


def _listed(columns: tuple[str, ...]) -> str:
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    return f"{', '.join(columns[:10]) or 'none'}{more}."


def merged(*found: Bad) -> Bad:
    """In the order of the rows; of several columns of a row the first is told."""
    together: Bad = {}
    for each in found:
        for row, told in each.items():
            together.setdefault(row, told)
    return dict(sorted(together.items()))
