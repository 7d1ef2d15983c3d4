"""How the answer goes with one column: the mean answer if all rows had the same value in it (partial dependence)."""

from __future__ import annotations

import numpy as np

from nbmlops.attribution.inputs import Array, Ask, Inputs, shown
from nbmlops.model.attribution import Dependence

_ROWS = 200
_POINTS, _VALUES = 12, 8
_FEW = 12


def curve(ask: Ask, inputs: Inputs, column: int, of: int, background: Array) -> Dependence | None:
    """Of a column of numbers at its quantiles, of another at its most frequent values. None for one that does not
    vary. Raises NbmlopsError where the model refuses mixed rows.
    """
    numbers = inputs.numbers(column)
    chosen = _numbers(numbers) if numbers is not None else _values(inputs, column)
    if len(chosen) < 2:
        return None
    rows = background[:_ROWS]
    answers = np.empty(len(chosen))
    for part in inputs.parts(len(chosen), len(rows)):
        given = chosen[part]
        places = [np.tile(rows, len(given))] * len(inputs.names)
        places[column] = np.repeat(given, len(rows))
        answers[part] = ask(inputs.gathered(places)).values[:, of].reshape(len(given), len(rows)).mean(axis=1)
    values = inputs.values(column)
    return Dependence(
        column=inputs.names[column],
        values=tuple(shown(values[place]) for place in chosen),
        places=tuple(float(numbers[place]) for place in chosen) if numbers is not None else (),
        answers=tuple(float(each) for each in answers),
    )


def _numbers(numbers: Array) -> Array:
    """Rows that hold the values."""
    known = np.flatnonzero(np.isfinite(numbers))
    order = known[np.argsort(numbers[known], kind="stable")]
    if not len(order):
        return order
    distinct = order[np.r_[True, np.diff(numbers[order]) > 0]]
    if len(distinct) <= _FEW:
        return distinct
    spots = np.unique(np.round(np.linspace(0, len(order) - 1, _POINTS)).astype(int))
    found = order[spots]
    return found[np.r_[True, np.diff(numbers[found]) > 0]]  # type: ignore[no-any-return]


def _values(inputs: Inputs, column: int) -> Array:
    values = inputs.values(column)
    first: dict[str, int] = {}
    counts: dict[str, int] = {}
    for place in range(len(inputs)):
        text = shown(values[place])
        first.setdefault(text, place)
        counts[text] = counts.get(text, 0) + 1
    most = sorted(counts, key=lambda text: (-counts[text], text))[:_VALUES]
    return np.array([first[text] for text in most], dtype=np.int64)
