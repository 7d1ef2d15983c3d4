"""The rows of a part of a CSV file: read by Arrow, or one by one where some of them cannot be used as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from nbmlops.batch_scoring.columns import MISSING, Bad, Need, merged, refused
from nbmlops.batch_scoring.inputs import opened
from nbmlops.batch_scoring.rows import Rows
from nbmlops.errors import UsageError
from nbmlops.model.batch_scoring import InputFile, Part

GAPS = pa.array(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip
"""What stands for a missing value, as pandas has it."""
_TRUE, _FALSE = ["True", "TRUE", "true", "1"], ["False", "FALSE", "false", "0"]
_NO_GAP = frozenset({pa.bool_(), pa.int32(), pa.int64()})


def read(file: InputFile, part: Part, needs: Sequence[Need], keep: Sequence[str]) -> Rows:
    """Raises UsageError for bytes that are no UTF-8, and for types that no CSV file has."""
    with opened(file.path) as opened_file:
        opened_file.seek(part.start)
        data = opened_file.read(part.end - part.start)
    for need in needs:
        if need.type is None or pa.types.is_binary(need.type):
            raise UsageError(
                f"Column {need.name} is {need.kind}, which a CSV file cannot hold.",
                kind="column-type",
                hint="Use Parquet.",
                column=need.name,
            )
    try:
        return _at_once(data, file, needs, keep)
    except pa.ArrowInvalid:
        return _one_by_one(data, file, needs, keep)


def _at_once(data: bytes, file: InputFile, needs: Sequence[Need], keep: Sequence[str]) -> Rows:
    """Raises ArrowInvalid where any row is not as it should be."""
    types = {need.name: need.type for need in needs}
    table = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(column_names=list(file.columns), use_threads=False, block_size=1 << 22),
        parse_options=pa_csv.ParseOptions(newlines_in_values=file.has_line_ends),
        convert_options=pa_csv.ConvertOptions(
            include_columns=list(dict.fromkeys([*types, *keep])),
            column_types={**{name: pa.string() for name in keep}, **types},
            null_values=GAPS.to_pylist(),
            # What is kept stays as it stands: NA may be Namibia.
            strings_can_be_null=False,
            true_values=_TRUE,
            false_values=_FALSE,
        ),
    ).combine_chunks()
    taken, bad = {}, []
    for need in needs:
        column = table.column(need.name).combine_chunks()
        taken[need.name] = _with_gaps(column) if pa.types.is_string(column.type) else column
        bad.append(_missing(column, need))
    return Rows(count=table.num_rows, taken=taken, kept=table.select(list(keep)), bad=merged(*bad))


def _missing(column: pa.Array, need: Need) -> Bad:
    if need.type not in _NO_GAP or not column.null_count:
        return {}
    return {row: (need.name, MISSING) for row in pc.indices_nonzero(pc.is_null(column)).to_pylist()}


def _with_gaps(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_in(column, GAPS), pa.scalar(None, pa.string()), column)


def _one_by_one(data: bytes, file: InputFile, needs: Sequence[Need], keep: Sequence[str]) -> Rows:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            f"{file.name} is not in UTF-8.", kind="input-malformed", hint="Write it anew in UTF-8."
        ) from None
    csv.field_size_limit(len(data) + 1)
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    width, ragged = len(file.columns), {}
    for number, row in enumerate(rows):
        if len(row) != width:
            told = "1 value" if len(row) == 1 else f"{len(row)} values"
            ragged[number] = ("", f"it has {told} for {width} columns")
            rows[number] = [*row, *[""] * width][:width]
    texts = {name: [row[place] for row in rows] for place, name in enumerate(file.columns)}
    taken, bad = {}, []
    for need in needs:
        taken[need.name], wrong = _typed(texts[need.name], need)
        bad.append(wrong)
    types = {need.name: need.type for need in needs}
    as_it_stands = [name for name in keep if name not in types or pa.types.is_string(types[name])]
    kept = {name: pa.array(texts[name], pa.string()) if name in as_it_stands else taken[name] for name in keep}
    table = pa.table(kept)
    return Rows(count=len(rows), taken=taken, kept=table, bad=merged(ragged, *bad))


def _typed(texts: list[str], need: Need) -> tuple[pa.Array, Bad]:
    """Each value as Arrow reads it, alone where not all can be read."""
    column = _with_gaps(pc.utf8_trim_whitespace(pa.array(texts, pa.string())))
    if pa.types.is_string(need.type):
        return _with_gaps(pa.array(texts, pa.string())), {}
    assert need.type is not None
    try:
        found = _cast(column, need.type)
        wrong: Bad = {}
    except pa.ArrowInvalid:
        values, wrong = [], {}
        for row in range(len(column)):
            try:
                values.append(_cast(column[row : row + 1], need.type)[0])
            except pa.ArrowInvalid:
                values.append(pa.scalar(None, need.type))
                wrong[row] = (need.name, refused(texts[row], need.kind))
        found = pa.array([each.as_py() for each in values], need.type)
    return found, merged(wrong, {row: told for row, told in _missing(found, need).items() if row not in wrong})


def _cast(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(wanted):
        known = pa.array([*_TRUE, *_FALSE])
        if not pc.all(pc.or_(pc.is_in(column, known), pc.is_null(column)), min_count=0).as_py():
            raise pa.ArrowInvalid("no boolean")
    return column.cast(wanted)
