"""Which rows are worth explaining where nobody names any: those that the model is least sure of, or that stand out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nbmlops.attribution.inputs import Array, Given

MOST = 3


def picked(given: Given, *, has_probabilities: bool) -> tuple[tuple[int, str], ...]:
    """Places of rows, and why each; at most one for each answer."""
    if has_probabilities:
        surest = np.sort(given.values, axis=1)[:, ::-1]
        return _first(np.argsort(surest[:, 0], kind="stable"), given.values, "least sure")
    if given.said is not None:
        # Labels alone say nothing of how sure they are: one of each.
        return _first(np.arange(len(given.said)), given.values, "the first of its class")
    values = given.values[:, 0]
    order = np.argsort(-np.abs(values - np.median(values)), kind="stable")
    middle = float(np.median(values))
    return tuple(
        (place, "high" if values[place] > middle else "low" if values[place] < middle else "in the middle")
        for place, _ in _first(order, given.values, "")
    )


def _first(order: Array, values: Array, why: str) -> tuple[tuple[int, str], ...]:
    found: list[tuple[int, str]] = []
    seen: list[Array] = []
    for place in order[:1000]:
        if len(found) == MOST:
            break
        if not any(np.array_equal(values[place], each) for each in seen):
            found.append((int(place), why))
            seen.append(values[place])
    return tuple(found)


def outcomes_of(values: Array, first: int | None, most: int) -> Sequence[int]:
    """Classes to tell of a row: the one that was asked for, then the likeliest."""
    order = [int(each) for each in np.argsort(-values, kind="stable")]
    if first is not None:
        order.remove(first)
        order.insert(0, first)
    return order[:most]
