"""A file that grows, and becomes a Parquet file when it is whole.

While it grows it is a stream of Arrow batches: what was written before a crash can be read, up to the last whole one.
Whoever writes it holds a lock on it, which ends with the process: numbers of processes say nothing across containers.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

GROWING, WHOLE = ".arrows", ".parquet"


class Segment:
    """Raises OSError where the disk is full, or gone."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """`path` ends in `.arrows`; there is none yet."""
        self.path = path
        self.schema = schema
        self.bytes = 0
        self._file = path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._writer = pa.ipc.new_stream(self._file, schema)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)
        self._file.flush()
        self.bytes = self._file.tell()

    def close(self) -> Path | None:
        """The Parquet file that it has become; None where nothing was in it."""
        with contextlib.suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._file.close()
        return whole(self.path)


def whole(path: Path) -> Path | None:
    """A growing file, of this process or of one that has died, as a Parquet file in its place.

    None where it holds nothing that can be read; then it is gone.
    """
    table = read(path)
    if table is None or not table.num_rows:
        path.unlink(missing_ok=True)
        return None
    target = path.with_suffix(WHOLE)
    aside = path.with_suffix(".aside")
    try:
        pq.write_table(table, aside, compression="zstd")
        os.replace(aside, target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)
    return target


def is_written(path: Path) -> bool:
    """Whether a process still writes it."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read(path: Path) -> pa.Table | None:
    """Whatever whole batches it holds; None where not even its beginning can be read."""
    try:
        with pa.memory_map(str(path)) as file:
            batches = []
            with contextlib.suppress(pa.ArrowInvalid, OSError, StopIteration):
                reader = pa.ipc.open_stream(file)
                while True:
                    batches.append(reader.read_next_batch())
            return pa.Table.from_batches(batches) if batches else None
    except (pa.ArrowInvalid, OSError):
        return None
