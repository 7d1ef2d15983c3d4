"""The files of a request log between two times: whole ones and those that still grow.

What cannot be read is told and left out; a file that a crash has cut short gives what was written before it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nbmlops.serve.request_log.segment import GROWING, WHOLE, is_written, read

TIME = "time"
Wanted = Callable[[pa.Field], bool]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    table: pa.Table
    """Its rows since then, with the columns that are wanted."""
    problem: str = ""
    """Why this is not all of it."""


def segments(folder: Path, kind: str, since: datetime, wanted: Wanted) -> Iterator[Segment]:
    """Those of `kind`, such as `requests`, that have rows since then, the newest first. `since` is UTC."""
    for path in _files(folder, kind):
        try:
            table, problem = _growing(path) if path.suffix == GROWING else (_whole(path, since, wanted), "")
        except FileNotFoundError:
            # It has become whole meanwhile, or has been left to make room.
            table, problem = None, ""
            with contextlib.suppress(OSError, pa.ArrowException):
                table = _whole(path.with_suffix(WHOLE), since, wanted)
        except (OSError, pa.ArrowException, ValueError) as error:
            table, problem = None, f"{path.name} cannot be read: {_first_line(error)}"
        if table is None:
            if problem:
                yield Segment(name=path.name, table=pa.table({}), problem=problem)
            continue
        if TIME not in table.column_names or not pa.types.is_timestamp(table.schema.field(TIME).type):
            yield Segment(name=path.name, table=pa.table({}), problem=f"{path.name} has no times and is left out.")
            continue
        kept = table.select([field.name for field in table.schema if wanted(field)])
        rows = pc.greater_equal(kept.column(TIME), pa.scalar(since.astimezone(UTC), kept.schema.field(TIME).type))
        found = kept if pc.all(rows).as_py() else kept.filter(rows)
        if found.num_rows or problem:
            yield Segment(name=path.name, table=found, problem=problem)


def _files(folder: Path, kind: str) -> list[Path]:
    found = {each.stem: each for each in folder.glob(f"{kind}-*{GROWING}")}
    # While a file becomes whole, it is there twice for a moment.
    found |= {each.stem: each for each in folder.glob(f"{kind}-*{WHOLE}")}
    return [found[name] for name in sorted(found, reverse=True)]


def _growing(path: Path) -> tuple[pa.Table | None, str]:
    is_alive = is_written(path)
    table = read(path)
    if is_alive:
        return table, ""
    if table is None:
        if path.exists() or not path.with_suffix(WHOLE).exists():
            return None, f"Nothing in {path.name} can be read: its writer was cut short."
        raise FileNotFoundError(path)
    return table, f"The writer of {path.name} was cut short; {table.num_rows:,} rows of it are read."


def _whole(path: Path, since: datetime, wanted: Wanted) -> pa.Table | None:
    """None where all its rows are older."""
    with pq.ParquetFile(path) as file:
        newest = _newest(file)
        if newest is not None and newest < since:
            return None
        names = [field.name for field in file.schema_arrow if wanted(field)]
        # Small files: threads would wait for each other longer than they work, on a machine that is busy.
        return file.read(columns=names, use_threads=False)


def _newest(file: pq.ParquetFile) -> datetime | None:
    """When its last row came, from its footer."""
    try:
        place = file.schema_arrow.get_field_index(TIME)
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        times = [group.column(place).statistics.max for group in groups]
        return max(each if each.tzinfo else each.replace(tzinfo=UTC) for each in times) if times else None
    except (AttributeError, IndexError, TypeError, ValueError):
        return None


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "strerror", None) or error).strip().splitlines()
    return f"{text[0][:120].rstrip('.')}." if text else f"{type(error).__name__}."
