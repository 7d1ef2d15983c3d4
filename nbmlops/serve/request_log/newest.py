"""What was kept last, whole files and those that still grow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nbmlops.serve.request_log.segment import GROWING, WHOLE, read


def newest(folder: Path, most_rows: int) -> Iterator[pa.Table]:
    """Tables of the newest requests, the newest file first, until there are so many rows. What cannot be read, or has
    gone meanwhile, is left out.
    """
    files = [each for kind in (GROWING, WHOLE) for each in folder.glob(f"requests-*{kind}")]
    rows = 0
    for path in sorted(files, key=lambda each: each.name, reverse=True):
        if rows >= most_rows:
            return
        table = None
        with contextlib.suppress(OSError, pa.ArrowException):
            table = read(path) if path.suffix == GROWING else pq.read_table(path)
        if table is not None and table.num_rows:
            rows += table.num_rows
            yield table.slice(max(0, table.num_rows - most_rows))
