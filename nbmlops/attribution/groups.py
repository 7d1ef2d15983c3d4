"""Columns that move together: shuffled one by one, each looks as if it were not needed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from nbmlops.attribution.inputs import Array, Inputs

LIMIT = 0.9
_MOST_COLUMNS, _MOST_ROWS = 1000, 5000
_MOST_NAMED = 3


class Group(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    columns: tuple[int, ...]
    """Places."""


def grouped(names: Sequence[str], together: Sequence[Sequence[str]]) -> tuple[Group, ...]:
    """All columns, once each, in their order; a group stands where its first column does."""
    place_of = {name: place for place, name in enumerate(names)}
    member: dict[int, tuple[int, ...]] = {}
    for each in together:
        columns = tuple(sorted(place_of[name] for name in each))
        member |= dict.fromkeys(columns, columns)
    found = dict.fromkeys(member.get(place, (place,)) for place in range(len(names)))
    return tuple(Group(name=called([names[place] for place in columns]), columns=columns) for columns in found)


def called(names: Sequence[str]) -> str:
    if len(names) <= _MOST_NAMED:
        return " + ".join(names)
    return f"{' + '.join(names[: _MOST_NAMED - 1])} + {len(names) - _MOST_NAMED + 1} more"


def correlated(inputs: Inputs, limit: float = LIMIT) -> tuple[tuple[str, ...], ...]:
    """Columns of numbers whose ranks correlate by more than `limit`, each with each other of its group."""
    step = max(1, len(inputs) // _MOST_ROWS)
    ranked: list[tuple[int, Array]] = []
    for column in range(min(len(inputs.names), _MOST_COLUMNS)):
        numbers = inputs.numbers(column)
        if numbers is None:
            continue
        known = ranks(numbers[::step])
        spread = known.std()
        if spread > 0:
            ranked.append((column, (known - known.mean()) / spread))
    if len(ranked) < 2:
        return ()
    matrix = np.stack([each for _, each in ranked])
    alike = np.abs(matrix @ matrix.T) / matrix.shape[1]
    groups: list[list[int]] = [[place] for place in range(len(ranked))]
    first, second = np.nonzero(np.triu(alike > limit, 1))
    for pair in np.argsort(-alike[first, second], kind="stable"):
        one = next(group for group in groups if first[pair] in group)
        other = next(group for group in groups if second[pair] in group)
        if one is not other and (alike[np.ix_(one, other)] > limit).all():
            one.extend(other)
            groups.remove(other)
    return tuple(tuple(inputs.names[ranked[each][0]] for each in sorted(group)) for group in groups if len(group) > 1)


def ranks(values: Array) -> Array:
    """From 0, of equal values the mean; gaps lie in the middle."""
    known = ~np.isnan(values)
    found = np.full(len(values), 0.0)
    if not known.any():
        return found
    _, places, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found[known] = (ends - (counts + 1) / 2)[places]
    found[~known] = found[known].mean()
    return found


def rank_correlation(one: Array, other: Array) -> float | None:
    """Spearman's, over rows where both are known. None where one of them does not vary."""
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 5:
        return None
    left, right = ranks(one[both]), ranks(other[both])
    if left.std() == 0 or right.std() == 0:
        return None
    return float(np.clip(np.corrcoef(left, right)[0, 1], -1, 1))
