"""Parts of a table that have something in common: each value of a column of few values, each quarter of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from nbmlops.evaluate.bootstrap import Drawn, draw, interval, quantile, wilson
from nbmlops.evaluate.metrics import ACCURACY, LOWER_IS_BETTER, Answers, Array, measure, plain
from nbmlops.model.evaluation import Slice

MIN_ROWS = 20
MOST_VALUES = 20
"""Of a column that is cut by its values; the most frequent ones."""
_FEW_NUMBERS = 10
"""Numbers of so few values are names of something."""
_PARTS = 4
_MOST_COLUMNS = 30
_MOST_SLICES = 200
_SAMPLES, _LEAST_SAMPLES, _WORK = 300, 100, 4_000_000
"""Of many rows fewer samples tell as much."""
_MISSING = "missing"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    column: str
    value: str
    rows: Array
    """Their places."""


def parts(table: Any, columns: Sequence[str], *, is_named: bool = False, min_rows: int = MIN_ROWS) -> tuple[Part, ...]:
    """Of a DataFrame's columns: the first ones that can be cut, or, where the user names them, all."""
    chosen = columns if is_named else columns[:_MOST_COLUMNS]
    found = [part for name in chosen for part in _of_column(table[name], name, is_named=is_named)]
    # A part that is everything, or nearly nothing, tells nothing.
    return tuple(part for part in found if min_rows <= len(part.rows) < len(table))


def measured(
    found: Sequence[Part],
    answers: Answers,
    against: Answers | None,
    metric: str,
    *,
    confidence: float,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[Slice, ...]:
    """One figure of each part: those that are worse than the other model first, then those that are worse than all."""
    worse = 1 if metric in LOWER_IS_BETTER else -1
    whole = plain(answers, (metric,)).get(metric, np.nan)
    slices = []
    for number, part in enumerate(found[:_MOST_SLICES]):
        one = answers.of(part.rows)
        score = plain(one, (metric,)).get(metric, np.nan)
        other = plain(against.of(part.rows), (metric,)).get(metric, np.nan) if against is not None else np.nan
        low, high = _interval(one, metric, score, confidence, seed)
        slices.append(
            Slice(
                column=part.column,
                value=part.value,
                rows=len(part.rows),
                metric=metric,
                score=_or_none(score),
                low=low,
                high=high,
                gap=_or_none(worse * (score - whole)),
                against=_or_none(other),
                loss=_or_none(worse * (score - other)),
            )
        )
        told(number + 1)
    return tuple(sorted(slices, key=_badness, reverse=True))


def loss_bound(
    part: Part, answers: Answers, against: Answers, metric: str, *, confidence: float, seed: int = 0
) -> float | None:
    """What the loss on the part exceeds with that confidence. None where its rows do not tell."""
    pair = [measure(each.of(part.rows), (metric,)) for each in (answers, against)]
    one, other = (drawn[metric] for drawn in draw(pair, len(part.rows), samples=_samples(len(part.rows)), seed=seed))
    difference: Drawn = one.less(other)
    if metric not in LOWER_IS_BETTER:
        difference = difference.negative()
    return quantile(difference, 1 - confidence)


def _interval(
    answers: Answers, metric: str, score: float, confidence: float, seed: int
) -> tuple[float | None, float | None]:
    rows = len(answers.truth)
    if metric == ACCURACY:
        return wilson(score * rows, rows, confidence)
    (drawn,) = draw([measure(answers, (metric,))], rows, samples=_samples(rows), seed=seed)
    return (interval(drawn[metric], confidence) if metric in drawn else None) or (None, None)


def _samples(rows: int) -> int:
    return max(_LEAST_SAMPLES, min(_SAMPLES, _WORK // rows))


def _badness(each: Slice) -> tuple[float, float]:
    gap = each.gap if each.gap is not None else -np.inf
    return (each.loss if each.loss is not None else gap, gap)


def _of_column(column: Any, name: str, *, is_named: bool) -> Iterator[Part]:
    missing = column.isna().to_numpy()
    if missing.any():
        yield Part(column=name, value=_MISSING, rows=np.flatnonzero(missing))
    try:
        counts = column.value_counts()
    except TypeError:
        # Lists and the like.
        return
    is_number = column.dtype.kind in "iuf"
    if is_number and len(counts) > _FEW_NUMBERS:
        yield from _quarters(column.to_numpy(dtype=float, na_value=np.nan), name)
        return
    if not is_number and not is_named and len(counts) > max(MOST_VALUES, len(column) // 10):
        # Names, ids, free text.
        return
    values = column.to_numpy()
    for value, shown in zip(counts.index[:MOST_VALUES], _shown(counts.index[:MOST_VALUES]), strict=True):
        yield Part(column=name, value=shown, rows=np.flatnonzero((values == value) & ~missing))


def _quarters(values: Array, name: str) -> Iterator[Part]:
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, _PARTS + 1)))
    for place, (low, high) in enumerate(pairwise(edges)):
        is_last = place == len(edges) - 2
        inside = (values >= low) & ((values <= high) if is_last else (values < high))
        end = "]" if is_last else ")"
        yield Part(column=name, value=f"[{low:.4g}, {high:.4g}{end}", rows=np.flatnonzero(inside))


def _shown(values: Any) -> list[str]:
    """Numbers with six digits, where these tell them apart."""
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    short = [f"{value:.6g}" if isinstance(value, float) else str(value)[:60] for value in plain]
    return short if len(set(short)) == len(short) else [str(value) for value in plain]


def _or_none(value: float) -> float | None:
    # A zero has no sign.
    return float(value) + 0.0 if np.isfinite(value) else None
