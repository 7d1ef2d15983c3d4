"""How well a revision does: by labels where there are some, else as far as it can be expected.

Figures are those of `evaluate`, with its intervals; by window there is one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from nbmlops.evaluate import slices
from nbmlops.evaluate.bootstrap import draw, interval, wilson
from nbmlops.evaluate.judge import judge
from nbmlops.evaluate.metrics import ACCURACY, LOWER_IS_BETTER, MAE, Array, Classified, Regressed, measure, plain
from nbmlops.model.evaluation import Metric
from nbmlops.model.monitoring import Estimated, Performance
from nbmlops.monitor import answers, labels
from nbmlops.monitor.answers import Held, Said
from nbmlops.monitor.coded import Values
from nbmlops.monitor.columns import NUMBER, TEXT, TRUTH, kind_of
from nbmlops.monitor.estimate import estimate
from nbmlops.monitor.labels import Told
from nbmlops.monitor.loss import estimate_error
from nbmlops.monitor.segments import TIME
from nbmlops.monitor.windows import Part, features

LEAST = 30
"""Rows with labels, for a figure."""
MOST_DRAWN = 20_000
"""Rows that intervals are drawn from; of more, a sample."""
_SAMPLES = 200
_CATEGORIES = 30
_MICROSECONDS = 1e6


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One revision, and what is needed for its alarm."""

    whole: Performance
    by_window: tuple[Performance, ...] = ()
    hits: Array | None = None
    """Of a classifier, whether each labelled row is right, in the order in which labels were told."""
    told: Array | None = None
    """When, in microseconds since 1970."""
    unknown: int = 0
    """Labels of rows that this revision has not."""
    notes: tuple[str, ...] = ()


def judged(
    parts: Sequence[Part], told: Told, *, confidence: float = 0.95, columns: Sequence[str] = (), seed: int = 0
) -> Judged:
    """Of the windows of one revision, oldest first. `columns`: those whose slices are wanted; all that can be cut, if
    none is named.
    """
    table = pa.concat_tables([each.table for each in parts]).combine_chunks()
    whole = Performance(
        revision=parts[0].revision, start=parts[0].start, end=parts[-1].end, rows=table.num_rows, labelled=0
    )
    joined = labels.join(table, told)
    found = answers.said(table)
    truth = labels.values(told, joined.labels)
    known = answers.held(found, joined.rows, truth)
    if known is None:
        notes = ("There are labels, and no answers that they can be held against.",) if len(truth) else ()
        return Judged(whole=whole, unknown=joined.unknown, notes=notes)
    rows, places = joined.rows[known.rows], joined.labels[known.rows]
    when = _times(told.table.take(pa.array(places)))
    asked = _times(table.select([TIME]).take(pa.array(rows)))
    of = _sample(len(rows), seed)
    metrics = _metrics(known, of, confidence)
    main = MAE if isinstance(known.answers, Regressed) else ACCURACY
    whole = msgspec.structs.replace(
        whole,
        labelled=len(rows),
        delay=max(0.0, float(np.median(when - asked)) / _MICROSECONDS),
        task=known.task,
        metrics=metrics,
        slices=_slices(table, rows[of], known, of, main, columns, confidence),
        estimates=_estimates(table, found, parts[-1], rows, known, confidence, seed),
    )
    order = np.argsort(when, kind="stable")
    is_right = known.answers.truth == known.answers.said if isinstance(known.answers, Classified) else None
    return Judged(
        whole=whole,
        by_window=_by_window(parts, rows, known, main, confidence),
        hits=is_right[order] if is_right is not None else None,
        told=when[order],
        unknown=joined.unknown,
    )


def _metrics(known: Held, of: Array, confidence: float) -> tuple[Metric, ...]:
    """Accuracy of all rows, the rest of a sample of them."""
    if len(of) < LEAST:
        return ()
    found = judge(known.answers.of(of), None, confidence=confidence, samples=_SAMPLES)
    if len(of) == len(known.rows):
        return found.metrics
    exact = plain(known.answers, (ACCURACY,)).get(ACCURACY)
    return tuple(
        _metric(ACCURACY, exact, wilson(exact * len(known.rows), len(known.rows), confidence))
        if each.name == ACCURACY and exact is not None
        else each
        for each in found.metrics
    )


def _by_window(
    parts: Sequence[Part], rows: Array, known: Held, main: str, confidence: float
) -> tuple[Performance, ...]:
    """One figure of each window; none where there are few labels."""
    found = []
    first = 0
    for part in parts:
        last = first + part.table.num_rows
        # They are in order.
        here = np.arange(np.searchsorted(rows, first), np.searchsorted(rows, last))
        first = last
        metrics: tuple[Metric, ...] = ()
        if len(here) >= LEAST:
            own = known.answers.of(here[_sample(len(here), 0)] if main == MAE else here)
            value = plain(own, (main,))[main]
            if main == ACCURACY:
                bounds: tuple[float, float] | None = wilson(value * len(here), len(here), confidence)
            else:
                (drawn,) = draw([measure(own, (main,))], len(own.truth), samples=_SAMPLES)
                bounds = interval(drawn[main], confidence)
            metrics = (_metric(main, value, bounds),)
        found.append(
            Performance(
                revision=part.revision,
                start=part.start,
                end=part.end,
                rows=part.table.num_rows,
                labelled=len(here),
                task=known.task,
                metrics=metrics,
            )
        )
    return tuple(found)


def _slices(
    table: pa.Table, rows: Array, known: Held, of: Array, main: str, columns: Sequence[str], confidence: float
) -> tuple[Any, ...]:
    if len(of) < 2 * LEAST:
        return ()
    asked = features(table.take(pa.array(rows)))
    names = [name for name in asked.column_names if kind_of(asked.schema.field(name).type) in (NUMBER, TEXT, TRUTH)]
    inputs = [name for name in names if not name.startswith("output.")]
    chosen = [name for name in columns if name in names] or inputs
    frame = asked.select(chosen).to_pandas()
    parts = slices.parts(frame, chosen, is_named=bool(columns), min_rows=LEAST)
    return slices.measured(parts, known.answers.of(of), None, main, confidence=confidence)


def _estimates(
    table: pa.Table, found: Said, newest: Part, rows: Array, known: Held, confidence: float, seed: int
) -> tuple[Estimated, ...]:
    """Of the newest window's rows without labels."""
    first = table.num_rows - newest.table.num_rows
    is_without = np.ones(table.num_rows, bool)
    is_without[:first] = False
    is_without[rows] = False
    without = np.flatnonzero(is_without)
    if len(without) < LEAST:
        return ()
    if isinstance(known.answers, Regressed):
        if found.predicted is None:
            return ()
        matrix = _matrix(table, found)
        error = known.answers.said - known.answers.truth
        one = estimate_error(matrix[rows], error, matrix[without], confidence=confidence, seed=seed)
        return (one,) if one is not None else ()
    unknown = _unlabelled(found, without, known)
    return estimate(known.answers, unknown, confidence=confidence, seed=seed) if unknown is not None else ()


def _unlabelled(found: Said, rows: Array, known: Held) -> Classified | None:
    """What was said of these rows, as the labelled ones were read."""
    if not isinstance(known.answers, Classified) or known.answers.probabilities is None:
        return None
    # Any labels will do: nobody looks at them. All occur, so that probabilities are named as they were.
    stand_in = Values(different=known.classes, codes=np.arange(len(rows)) % len(known.classes))
    held = answers.held(found, rows, stand_in)
    return held.answers if held is not None and isinstance(held.answers, Classified) else None


def _matrix(table: pa.Table, found: Said) -> Array:
    """What was asked as numbers, texts as places among the most frequent ones; the answer last."""
    import pandas as pd

    asked = features(table)
    columns = []
    for name in asked.column_names:
        column = asked.column(name)
        kind = kind_of(column.type)
        if name.startswith("output.") or kind not in (NUMBER, TEXT, TRUTH):
            continue
        values = column.to_pandas()
        if kind == TEXT:
            frequent = values.value_counts().index[:_CATEGORIES]
            columns.append(pd.Categorical(values, categories=frequent).codes.astype(float))
        else:
            columns.append(values.to_numpy(dtype=float, na_value=np.nan))
    assert found.predicted is not None
    columns.append(found.predicted.to_pandas().to_numpy(dtype=float, na_value=np.nan))
    return np.stack(columns, axis=1)


def _metric(name: str, value: float | None, bounds: tuple[float, float] | None) -> Metric:
    low, high = bounds or (None, None)
    return Metric(name=name, value=value, low=low, high=high, is_higher_better=name not in LOWER_IS_BETTER)


def _sample(rows: int, seed: int) -> Array:
    """Places, in order: all, or as many as are drawn."""
    if rows <= MOST_DRAWN:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_DRAWN])


def _times(table: pa.Table) -> Array:
    found: Array = table.column(TIME).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    return found


def told_until(found: Array) -> datetime:
    """Of microseconds since 1970."""
    return datetime.fromtimestamp(float(found.max()) / _MICROSECONDS, UTC)
