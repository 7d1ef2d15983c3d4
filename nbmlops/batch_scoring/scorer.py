"""A model that is asked about the rows of a part, and the rows that are written for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from nbmlops.batch_scoring import csv_rows, parquet_rows
from nbmlops.batch_scoring.columns import Bad, Need, needs
from nbmlops.batch_scoring.predictions import ERROR, columns_of, expected
from nbmlops.batch_scoring.rows import Rows
from nbmlops.errors import NbmlopsError
from nbmlops.model.batch_scoring import BadRow, Part, ScoringPlan
from nbmlops.serve.model import ServedModel, load_model
from nbmlops.serve.words import failed

_BLOCK_ROWS = 8192
"""That an estimator is asked about at once: so many stay in a processor's cache."""


class RowRefused(Exception):
    """A row that ends everything, since nobody has said what shall become of such."""

    def __init__(self, bad: BadRow) -> None:
        super().__init__(bad.reason)
        self.bad = bad


class Counts:
    """Of a part, while it is scored."""

    def __init__(self) -> None:
        self.read = self.written = self.failed = 0


def load(folder: Path, package: Path) -> ServedModel:
    """Loading a pickle runs what is in it: whoever calls this has made sure that it is trusted."""
    # A model may need modules that lie beside it.
    if str(package) not in sys.path:
        sys.path.append(str(package))
    return load_model(folder, folder.name)


class Scorer:
    def __init__(self, plan: ScoringPlan, model: ServedModel) -> None:
        self._plan = plan
        self._model = model

    def batches(self, number: int, counts: Counts) -> Iterator[pa.RecordBatch]:
        """What is written for the rows of a part. Raises RowRefused for a row that cannot be used, where the plan
        says `fail`; ExternalError where the model fails.
        """
        part = self._plan.parts[number]
        file = self._plan.inputs[part.file]
        wanted = needs(self._model.signature, file.columns, file.name)
        for rows in self._read(part, wanted):
            yield self._written(rows, wanted, counts)
            counts.read += rows.count

    def _read(self, part: Part, wanted: Sequence[Need]) -> Iterator[Rows]:
        file, keep = self._plan.inputs[part.file], self._plan.keep
        if self._plan.format == "csv":
            yield csv_rows.read(file, part, wanted, keep)
        else:
            yield from parquet_rows.read(file, part, wanted, keep)

    def _written(self, rows: Rows, wanted: Sequence[Need], counts: Counts) -> pa.RecordBatch:
        how = self._plan.on_error
        if rows.bad and how == "fail":
            raise _ended(rows.bad, counts)
        answers, bad = self._answers(rows, wanted, counts)
        if not answers:
            answers = {name: pa.nulls(0) for name in expected(self._model.signature)}
        counts.failed += len(bad)
        kept = {name: rows.kept.column(name).combine_chunks() for name in rows.kept.column_names}
        good = _good(rows.count, bad)
        if how == "null":
            places = np.full(rows.count, -1, dtype=np.int64)
            places[good] = np.arange(len(good))
            where = pa.array(places, mask=places < 0)
            answers = {name: column.take(where) for name, column in answers.items()}
            told = [f"{column}: {why}" if column else why for column, why in bad.values()]
            errors = np.full(rows.count, None, dtype=object)
            errors[list(bad)] = told
            answers[ERROR] = pa.array(errors, pa.string())
            counts.written += rows.count
        else:
            if bad:
                kept = {name: column.take(pa.array(good)) for name, column in kept.items()}
            counts.written += len(good)
        columns = {**kept, **answers}
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def _answers(self, rows: Rows, wanted: Sequence[Need], counts: Counts) -> tuple[dict[str, pa.Array], Bad]:
        """For the rows that are good, in order; and those that are not, also because the model fails on them."""
        good = _good(rows.count, rows.bad)
        taken = rows.taken
        if rows.bad:
            taken = {name: column.take(pa.array(good)) for name, column in taken.items()}
        if not len(good):
            return {}, rows.bad
        try:
            return columns_of(self._ask(taken, wanted, len(good)), len(good)), rows.bad
        except NbmlopsError as error:
            refused = self._refused(taken, wanted, len(good), error)
            bad = dict(sorted({**rows.bad, **{int(good[row]): told for row, told in refused.items()}}.items()))
            if self._plan.on_error == "fail":
                raise _ended(bad, counts) from error
            left = {name: column.take(pa.array(_good(len(good), refused))) for name, column in taken.items()}
            count = len(good) - len(refused)
            return (columns_of(self._ask(left, wanted, count), count) if count else {}), bad

    def _refused(self, taken: dict[str, pa.Array], wanted: Sequence[Need], count: int, error: NbmlopsError) -> Bad:
        """The rows on which the model fails, by halves. Raises the error where it fails on whatever it is asked."""
        samples = {0, count // 2, count - 1}
        if all(self._reason(taken, wanted, row, row + 1) for row in samples) and count > len(samples):
            raise error
        found: Bad = {}
        ranges = [(0, count)]
        while ranges:
            start, end = ranges.pop()
            reason = self._reason(taken, wanted, start, end)
            if reason and end - start == 1:
                found[start] = ("", reason)
            elif reason:
                middle = (start + end) // 2
                ranges += [(middle, end), (start, middle)]
        if not found:
            # Each row alone can be scored: it is their company.
            raise error
        return found

    def _reason(self, taken: dict[str, pa.Array], wanted: Sequence[Need], start: int, end: int) -> str:
        try:
            rows = {name: column.slice(start, end - start) for name, column in taken.items()}
            columns_of(self._ask(rows, wanted, end - start), end - start)
        except NbmlopsError as error:
            return error.message.rstrip(".")
        return ""

    def _ask(self, taken: dict[str, pa.Array], wanted: Sequence[Need], count: int) -> Any:
        """Raises UsageError for what the model's signature does not take, ExternalError where it fails."""
        estimator = self._model.estimator
        if estimator is not None:
            if estimator.is_row_wise:
                blocks = [self._block(taken, at, min(at + _BLOCK_ROWS, count)) for at in range(0, count, _BLOCK_ROWS)]
            else:
                blocks = [self._block(taken, 0, count)]
            if all(block is not None for block in blocks):
                return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        return self._model.long_way.predict(self._table(taken))

    def _block(self, taken: dict[str, pa.Array], start: int, end: int) -> Any:
        """None for rows that are not plain numbers."""
        estimator = self._model.estimator
        assert estimator is not None
        array = np.empty((end - start, len(taken)))
        for place, column in enumerate(taken.values()):
            array[:, place] = column.slice(start, end - start).to_numpy(zero_copy_only=False)
        rows = estimator.columns.of_array(array)
        if rows is None:
            return None
        try:
            return estimator.score(rows)
        except Exception as error:
            raise failed(error) from error

    def _table(self, taken: dict[str, pa.Array]) -> Any:
        table = pa.table(taken)
        if self._model.signature.has_columns:
            return table.to_pandas()
        return np.column_stack([column.to_numpy() for column in table.columns])


def _good(count: int, bad: Bad) -> np.ndarray[Any, np.dtype[np.int64]]:
    if not bad:
        return np.arange(count)
    is_good = np.ones(count, dtype=bool)
    is_good[list(bad)] = False
    return np.flatnonzero(is_good)


def _ended(bad: Bad, counts: Counts) -> RowRefused:
    row, (column, reason) = next(iter(bad.items()))
    return RowRefused(BadRow(row=counts.read + row, column=column, reason=reason))
