"""From what was asked for to parts that can be scored: files are looked into, nothing is scored yet."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa

from nbmlops.batch_scoring import csv_parts, parquet_rows
from nbmlops.batch_scoring.columns import check_types, needs
from nbmlops.batch_scoring.inputs import Source, is_url, object_digest
from nbmlops.batch_scoring.predictions import ERROR, PREDICTION, expected
from nbmlops.errors import UsageError
from nbmlops.lib.digest import digest_file
from nbmlops.model.batch_scoring import Format, InputFile, OnError, Part, ScoringPlan
from nbmlops.serve.signature import Signature

ALL = "all"


def make_plan(
    sources: tuple[Source, ...],
    signature: Signature,
    *,
    model: str,
    format: Format,
    output_format: Format,
    keep: tuple[str, ...],
    on_error: OnError,
    part_rows: int = 0,
) -> ScoringPlan:
    """Raises UsageError for files that are none, and for columns that are missing or of another type."""
    inputs: list[InputFile] = []
    parts: list[Part] = []
    for place, source in enumerate(sources):
        if format == "csv":
            file, cuts = csv_parts.look_at(source, part_rows)
            needs(signature, file.columns, source.name)
            found = [Part(number=0, file=place, start=start, end=end) for start, end in cuts]
        else:
            schema, groups = parquet_rows.look_at(source, part_rows)
            wanted = needs(signature, tuple(schema.names), source.name)
            check_types(wanted, schema, source.name)
            file = _described(source, tuple(schema.names))
            found = [Part(number=0, file=place, **cut._asdict()) for cut in groups]
        inputs.append(file)
        parts += [msgspec.structs.replace(part, number=len(parts) + number) for number, part in enumerate(found)]
    return ScoringPlan(
        model=model,
        format=format,
        output_format=output_format,
        inputs=tuple(inputs),
        keep=_kept(keep, inputs, on_error),
        on_error=on_error,
        parts=tuple(parts),
    )


def _described(source: Source, columns: tuple[str, ...]) -> InputFile:
    if is_url(source.path):
        return InputFile(path=source.path, name=source.name, size=0, digest=object_digest(source.path), columns=columns)
    path = Path(source.path)
    return InputFile(
        path=source.path, name=source.name, size=path.stat().st_size, digest=digest_file(path), columns=columns
    )


def _kept(keep: tuple[str, ...], inputs: list[InputFile], on_error: OnError) -> tuple[str, ...]:
    """By their names. Raises UsageError for one that a file lacks, and for one that is called as what is added."""
    names = tuple(dict.fromkeys(inputs[0].columns if ALL in keep else keep))
    for file in inputs:
        for name in names:
            if file.columns.count(name) != 1:
                what = "has no column" if name not in file.columns else "has more than one column"
                raise UsageError(f"{file.name} {what} {name}, which is to be kept.", kind="column-missing", column=name)
    for name in names:
        if name == PREDICTION or name.startswith(f"{PREDICTION}.") or (name == ERROR and on_error == "null"):
            raise UsageError(
                f"The column {name} cannot be kept: the answers are called so.",
                kind="column-taken",
                hint="Name the columns to keep without it.",
                column=name,
            )
    return names


def empty_schema(plan: ScoringPlan, signature: Signature) -> pa.Schema:
    """Of an output without rows."""
    file = plan.inputs[0]
    source = Source(path=file.path, name=file.name)
    found = parquet_rows.look_at(source)[0] if plan.format == "parquet" else None
    fields = [pa.field(name, pa.string() if found is None else found.field(name).type) for name in plan.keep]
    fields += [pa.field(name, type) for name, type in expected(signature).items()]
    return pa.schema([*fields, pa.field(ERROR, pa.string())] if plan.on_error == "null" else fields)
