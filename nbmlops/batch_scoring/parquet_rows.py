"""Parquet files: cut between row groups, and read a few rows at a time, whatever the size of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from nbmlops.batch_scoring.columns import Need, merged, typed
from nbmlops.batch_scoring.inputs import Source, is_url, local_file, opened
from nbmlops.batch_scoring.rows import Rows
from nbmlops.errors import UsageError
from nbmlops.model.batch_scoring import InputFile, Part

PART_ROWS = 262_144
BATCH_ROWS = 32_768
_BUFFER = 1 << 18
"""Bytes of a column that are read at once, in place of the whole of it."""


@contextmanager
def file_at(path: str, name: str) -> Iterator[Any]:
    """A ParquetFile. Raises UsageError for what is none."""
    with opened(path) if is_url(path) else local_file(path) as file:
        try:
            yield pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise UsageError(
                f"{name} is no Parquet file: {str(error).splitlines()[0][:200].rstrip('.')}.",
                kind="input-malformed",
                hint="Write it anew.",
            ) from error


class Cut(NamedTuple):
    start: int
    """The first row group."""
    end: int
    rows: int
    skip: int = 0


def look_at(source: Source, part_rows: int = 0) -> tuple[pa.Schema, list[Cut]]:
    """Its columns and its parts. Row groups are cut only where `part_rows` asks for it: what comes before in one has to
    be read again for each part.
    """
    with file_at(source.path, source.name) as file:
        groups = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
        schema = file.schema_arrow
    cuts: list[Cut] = []
    for number, rows in enumerate(groups):
        last = cuts[-1] if cuts else None
        if last is not None and not last.skip and last.rows + rows <= (part_rows or PART_ROWS):
            cuts[-1] = last._replace(end=number + 1, rows=last.rows + rows)
        else:
            most = part_rows or rows
            cuts += [Cut(number, number + 1, min(most, rows - skip), skip) for skip in range(0, rows, most or 1)]
    return schema, cuts


def read(file: InputFile, part: Part, needs: Sequence[Need], keep: Sequence[str]) -> Iterator[Rows]:
    names = list(dict.fromkeys([*(need.name for need in needs), *keep]))
    with file_at(file.path, file.name) as found:
        groups = list(range(part.start, part.end))
        assert part.rows is not None
        at, skip, left = 0, part.skip, part.rows
        for whole in found.iter_batches(BATCH_ROWS, row_groups=groups, columns=names, use_threads=False):
            batch = whole.slice(max(0, skip - at), left)
            at, left = at + whole.num_rows, left - batch.num_rows
            if not batch.num_rows:
                continue
            pairs = {need.name: typed(batch.column(need.name), need) for need in needs}
            yield Rows(
                count=batch.num_rows,
                taken={name: column for name, (column, _) in pairs.items()},
                kept=pa.Table.from_batches([batch]).select(list(keep)),
                bad=merged(*(bad for _, bad in pairs.values())),
            )
            if not left:
                return
