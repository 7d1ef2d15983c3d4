"""The output: written aside while parts are scored, there at once when all of them are."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from nbmlops.batch_scoring.part_file import brought_to, read_part, schema_of, unified
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import refusing_disk_errors, sync_folder
from nbmlops.model.batch_scoring import Format

_GROUP_ROWS = 1 << 20


class Output:
    """A file, or a folder with a file for each part. Parts are added in their order. `work`: where it is written until
    it is whole, on the same disk.
    """

    def __init__(self, path: Path, format: Format, *, is_folder: bool, work: Path) -> None:
        self._path = path
        self._format: Format = format
        self._is_folder = is_folder
        self._aside = work / "output"
        self._before = work / "before"
        self._added: list[Path] = []
        self._schema: pa.Schema | None = None
        self._file: Any = None
        self._writer: Any = None

    def add(self, part: Path) -> None:
        """Raises ExternalError for rows that go into no common schema, and for a disk that is full."""
        found = schema_of(part)
        self._added.append(part)
        if found is None:
            return
        wider = found if self._schema is None else unified(self._schema, found)
        if self._schema is not None and wider != self._schema and self._writer is not None:
            # What is written already was of a narrower type.
            self._discard()
            self._schema = wider
            for each in self._added:
                self._write(each)
            return
        self._schema = wider
        self._write(part)

    def finish(self, empty: pa.Schema) -> None:
        """`empty`: its columns where there is not a single row."""
        if self._writer is None and not (self._is_folder and self._added and self._schema is not None):
            self._schema = self._schema or empty
            with refusing_disk_errors(self._path):
                self._open(0)
        self._close()
        failpoint("batch-output")
        with refusing_disk_errors(self._path):
            self._replace()
            sync_folder(self._path.parent)

    def abandon(self) -> None:
        with contextlib.suppress(Exception):
            self._discard()

    def _write(self, part: Path) -> None:
        assert self._schema is not None
        with refusing_disk_errors(self._path):
            if self._is_folder and self._writer is not None:
                self._close()
            for batch in read_part(part):
                if self._writer is None:
                    self._open(self._added.index(part))
                self._writer.write_batch(brought_to(batch, self._schema))

    def _open(self, number: int) -> None:
        path = self._aside
        if self._is_folder:
            path.mkdir(exist_ok=True)
            path = path / f"part-{number:05d}.{self._format}"
        self._file = path.open("wb")
        assert self._schema is not None
        if self._format == "csv":
            self._writer = _CsvWriter(self._file, self._schema)
        else:
            self._writer = pq.ParquetWriter(self._file, self._schema, use_dictionary=_repeating(self._schema))

    def _close(self) -> None:
        writer, file, self._writer, self._file = self._writer, self._file, None, None
        if writer is None:
            return
        with refusing_disk_errors(self._path):
            try:
                writer.close()
                file.flush()
                os.fsync(file.fileno())
            finally:
                file.close()

    def _discard(self) -> None:
        with contextlib.suppress(Exception):
            self._close()
        if self._aside.is_dir():
            shutil.rmtree(self._aside, ignore_errors=True)
        else:
            self._aside.unlink(missing_ok=True)

    def _replace(self) -> None:
        if self._is_folder and self._path.is_dir():
            os.rename(self._path, self._before)
            os.rename(self._aside, self._path)
            shutil.rmtree(self._before)
        else:
            os.replace(self._aside, self._path)


class _CsvWriter:
    """Arrow writes no nested values, and texts in quotes only where they need them."""

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        plain = pa.schema([pa.field(each.name, _plain(each.type)) for each in schema])
        self._schema = plain
        self._writer = pa_csv.CSVWriter(file, plain, write_options=pa_csv.WriteOptions(quoting_style="needed"))

    def write_batch(self, batch: pa.RecordBatch) -> None:
        columns = [
            column
            if column.type == field.type
            else pa.array([_text(value) for value in column.to_pylist()], field.type)
            for column, field in zip(batch.columns, self._schema, strict=True)
        ]
        if len(columns) == 1 and pa.types.is_string(columns[0].type):
            # An empty line would be taken for no row.
            columns = [columns[0].fill_null("")]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _plain(type: pa.DataType) -> pa.DataType:
    is_nested = pa.types.is_nested(type) or pa.types.is_dictionary(type)
    return pa.string() if is_nested else type


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    import msgspec

    return msgspec.json.encode(value, enc_hook=str).decode()


def _repeating(schema: pa.Schema) -> list[str]:
    """Columns whose values may come again and again: not fractions, for which looking is in vain."""
    return [each.name for each in schema if not pa.types.is_floating(each.type)]
