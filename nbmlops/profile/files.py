"""The profile of a file, a part at a time: it may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from nbmlops.errors import UsageError
from nbmlops.model.profile import Profile
from nbmlops.profile.table import Profiler

ROWS = 1 << 17


def profile_file(path: Path, *, source: str, told: Callable[[int], None] = lambda rows: None) -> Profile:
    """Raises UsageError for what is no table."""
    profiler = Profiler()
    try:
        for part in _parts(path):
            profiler.add(part)
            told(profiler.rows)
    except pd.errors.EmptyDataError as error:
        raise UsageError(f"{source} is empty.", kind="data-empty", hint="Name a table with rows.") from error
    except (ValueError, OSError, UnicodeError, pa.ArrowException) as error:
        raise UsageError(
            f"{source} cannot be read: {' '.join(str(error).split())[:200].rstrip('.')}.",
            kind="data-format",
            hint="Write it anew as CSV or Parquet.",
        ) from error
    return profiler.profile(source=source)


def _parts(path: Path) -> Iterator[Any]:
    match path.suffix.lower():
        case ".csv" | ".tsv" as suffix:
            separator = "\t" if suffix == ".tsv" else ","
            with pd.read_csv(path, sep=separator, chunksize=ROWS, low_memory=False) as reader:
                yield from reader
        case ".jsonl":
            with pd.read_json(path, lines=True, chunksize=ROWS) as reader:
                yield from reader
        case ".parquet":
            import pyarrow.parquet as pq

            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS):
                    yield pa.Table.from_batches([batch])
                if not file.metadata.num_rows:
                    yield file.schema_arrow.empty_table()
        case _:
            import pyarrow.feather as feather

            yield feather.read_table(path, memory_map=True)
