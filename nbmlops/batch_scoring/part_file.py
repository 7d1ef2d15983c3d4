"""The rows of a part, written batch by batch and read again, all of one schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from nbmlops.errors import ExternalError
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import atomic_writer


def write_part(path: Path, batches: Iterable[pa.RecordBatch]) -> int:
    """Bytes of the file; 0 where there are no batches, and so no file. What a model gives may change its type on the
    way: whole numbers, and then fractions. Then all is written anew in the type that holds both.
    """
    found = iter(batches)
    first = next(found, None)
    if first is None:
        path.unlink(missing_ok=True)
        return 0
    schema, others = first.schema, []
    with atomic_writer(path) as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(first)
        for batch in found:
            failpoint("batch-rows")
            if batch.schema != schema:
                others.append(batch)
                break
            writer.write_batch(batch)
    if others:
        _widen(path, others[0], found)
    return path.stat().st_size


def read_part(path: Path) -> Iterator[pa.RecordBatch]:
    if not path.exists():
        return
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def schema_of(path: Path) -> pa.Schema | None:
    """None where the part has no rows."""
    if not path.exists():
        return None
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).schema


def unified(one: pa.Schema, other: pa.Schema) -> pa.Schema:
    """What holds rows of both. Raises ExternalError where nothing does."""
    try:
        return pa.unify_schemas([one, other], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ExternalError(
            f"The rows have columns of different kinds: {str(error).splitlines()[0][:200].rstrip('.')}.",
            kind="answers-differ",
            hint="Each file and each answer of the model has to have the same types.",
        ) from error


def brought_to(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same rows with these columns; those that it lacks are null."""
    if batch.schema.equals(schema):
        return batch
    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in batch.schema.names
        else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _widen(path: Path, next_batch: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> None:
    """Rare, so it may take room in memory: a part is bounded."""
    batches = [*read_part(path), next_batch, *rest]
    schema = batches[0].schema
    for batch in batches[1:]:
        schema = unified(schema, batch.schema)
    with atomic_writer(path) as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(brought_to(batch, schema))
