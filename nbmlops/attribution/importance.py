"""Which columns a model needs: each is shuffled, and what the model loses by it is told (permutation importance).

All repeats of a column are asked as one batch. A repeat gives each row the value of another one, never its own, so that
the mean over repeats is right for few rows, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from nbmlops.attribution.groups import Group, rank_correlation
from nbmlops.attribution.inputs import Array, Ask, Given, Inputs
from nbmlops.attribution.spread import LeftOut, interval
from nbmlops.errors import NbmlopsError
from nbmlops.evaluate.metrics import ACCURACY, LOWER_IS_BETTER, MAE, OF_PROBABILITIES, Classified, Regressed, measure
from nbmlops.model.attribution import Importance

_LEAST_SHARE = float(np.finfo(np.float64).eps)
_ROUNDING = 1e-12
"""Of the largest answer; what is less is no change."""
_OF_ROWS = frozenset({ACCURACY, "log_loss", "brier", MAE, "rmse", "mape"})


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of the rows that are shuffled, and the figure that suffers."""

    truth: Array
    """Places of classes, or values."""
    metric: str
    classes: int = 0
    """0: values."""
    has_probabilities: bool = False

    def figures(self, given: Given, weights: Array) -> Array:
        """One for each line of weights; NaN where it is not defined."""
        answers: Classified | Regressed
        if self.classes:
            assert given.said is not None
            answers = Classified(
                truth=self.truth,
                said=given.said,
                classes=self.classes,
                probabilities=given.values if self.has_probabilities else None,
            )
        else:
            answers = Regressed(truth=self.truth, said=given.values[:, 0])
        return measure(answers, (self.metric,))(weights)[self.metric]

    @property
    def is_mean(self) -> bool:
        """Of something that each row has."""
        return self.metric in _OF_ROWS and (self.metric not in OF_PROBABILITIES or self.has_probabilities)

    def of_rows(self, given: Given) -> Array:
        """What the figure is the mean of; of `rmse`, its square."""
        if not self.classes:
            error: Array = np.abs(given.values[:, 0] - self.truth)
            if self.metric == "mape":
                return error / np.maximum(np.abs(self.truth), _LEAST_SHARE)
            return error**2 if self.metric == "rmse" else error
        if self.metric == ACCURACY:
            assert given.said is not None
            hits: Array = given.said == self.truth
            return hits.astype(float)
        rows = np.arange(len(self.truth))
        if self.metric == "log_loss":
            loss: Array = -np.log(np.clip(given.values[rows, self.truth], _LEAST_SHARE, 1 - _LEAST_SHARE))
            return loss
        hot = np.zeros_like(given.values)
        hot[rows, self.truth] = 1
        squares: Array = ((given.values - hot) ** 2).sum(axis=1)
        return squares / (2 if self.classes == 2 else 1)

    def finished(self, mean: Array) -> Array:
        return np.sqrt(mean) if self.metric == "rmse" else mean


def importances(
    ask: Ask,
    inputs: Inputs,
    groups: Sequence[Group],
    target: Target | None = None,
    *,
    base: Given | None = None,
    of: int | None = 0,
    repeats: int = 10,
    confidence: float = 0.95,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[Importance, ...]:
    """The largest first. `base`: what the model says of the rows as they are. `of`: the outcome that directions are
    about. `told` of groups that are done. What the model refuses is told in `why`.
    """
    shuffler = _Shuffler(ask, inputs, target, base or ask(inputs.at(np.arange(len(inputs)))), repeats, seed)
    found = []
    for number, group in enumerate(groups):
        found.append(shuffler.importance(group, of, confidence))
        told(number + 1)
    known = shares(found)
    found = [msgspec.structs.replace(each, share=_share(each, known)) for each in found]
    return tuple(sorted(found, key=_size, reverse=True))


def shares(found: Sequence[Importance]) -> dict[str, float]:
    """Of each column, from 0 to 1, together 1: its share of all importances. Columns of a group have equal parts of it.

    Where no column has any importance, their shares of the changes of the answers; 0 where nothing changes those.
    """
    for values in ([each.importance for each in found], [each.change for each in found]):
        known = [max(0.0, value or 0.0) for value in values]
        if (total := sum(known)) > 0:
            break
    else:
        known, total = [0.0] * len(found), 1.0
    return {
        column: value / total / len(each.columns)
        for each, value in zip(found, known, strict=True)
        for column in each.columns
    }


def shuffles(rows: int, repeats: int, seed: int) -> list[Array]:
    """Each is one cycle through all rows: nobody gets their own value."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(repeats):
        order = chance.permutation(rows)
        moved = np.empty(rows, dtype=np.int64)
        moved[order] = np.roll(order, 1)
        found.append(moved)
    return found


class _Shuffler:
    def __init__(self, ask: Ask, inputs: Inputs, target: Target | None, base: Given, repeats: int, seed: int) -> None:
        self._ask, self._inputs, self._target, self._base = ask, inputs, target, base
        self._shuffles = shuffles(len(inputs), repeats, seed)
        of_means = target is None or target.is_mean
        self._left_out = LeftOut(self._shuffles, of_means=of_means, seed=seed)
        self._before: dict[int, Array] = {}
        self._sign = 1.0 if target is not None and target.metric in LOWER_IS_BETTER else -1.0
        self._least = _ROUNDING * float(np.abs(base.values).max(initial=0.0))

    def importance(self, group: Group, of: int | None, confidence: float) -> Importance:
        names = tuple(self._inputs.names[place] for place in group.columns)
        try:
            repeats = self._asked(group)
        except NbmlopsError as error:
            return Importance(name=group.name, columns=names, importance=None, why=error.message)
        changes = np.stack([self._change(each) for each in repeats])
        figures = np.stack([self._lost(number, each, changes) for number, each in enumerate(repeats)], axis=1)
        value, change = _rounded(float(figures[0].mean())), float(changes.mean())
        bounds: tuple[float, float] | None = interval(figures, confidence) if np.isfinite(value) else None
        if bounds is not None and bounds[0] == bounds[1] and change > 0:
            # As many shuffles as one likes that change no figure have no spread either.
            bounds = None
        low, high = bounds or (None, None)
        return Importance(
            name=group.name,
            columns=names,
            importance=value if np.isfinite(value) else None,
            low=low,
            high=high,
            change=change,
            direction=self._direction(group, repeats, of),
            why="" if np.isfinite(value) else f"{self._target.metric if self._target else 'It'} is not defined there.",
        )

    def _asked(self, group: Group) -> list[Given]:
        """What the model says in each repeat."""
        rows = len(self._inputs)
        own = np.arange(rows)
        found: list[Given] = []
        for part in self._inputs.parts(len(self._shuffles), rows):
            shuffled = self._shuffles[part]
            places = [np.tile(own, len(shuffled))] * len(self._inputs.names)
            moved = np.concatenate(shuffled)
            for column in group.columns:
                places[column] = moved
            given = self._ask(self._inputs.gathered(places))
            for start in range(0, len(moved), rows):
                these = slice(start, start + rows)
                found.append(Given(values=given.values[these], said=None if given.said is None else given.said[these]))
        return found

    def _change(self, given: Given) -> Array:
        """Of each row: what goes elsewhere of probabilities counts once."""
        moved = np.abs(given.values - self._base.values)
        found: Array = moved.sum(axis=1) / (2 if moved.shape[1] > 1 else 1)
        found[found <= self._least] = 0.0
        return found

    def _lost(self, number: int, given: Given, changes: Array) -> Array:
        """By a repeat: over all rows, and without each group of them."""
        target = self._target
        if target is None:
            return self._left_out.mean(changes[number], number)
        if number not in self._before:
            # Of the same rows, so that a column that changes nothing has lost nothing without any group.
            self._before[number] = self._figure(target, self._base, number)
        lost: Array = self._sign * (self._figure(target, given, number) - self._before[number])
        lost[np.abs(lost) <= _ROUNDING * np.abs(self._before[number])] = 0.0
        return lost

    def _figure(self, target: Target, given: Given, number: int) -> Array:
        if target.is_mean:
            return target.finished(self._left_out.mean(target.of_rows(given), number))
        return target.figures(given, self._left_out.weights(number))

    def _direction(self, group: Group, repeats: Sequence[Given], of: int | None) -> float | None:
        if of is None or len(group.columns) > 1:
            return None
        numbers = self._inputs.numbers(group.columns[0])
        if numbers is None:
            return None
        contributions = self._base.values[:, of] - np.mean([each.values[:, of] for each in repeats], axis=0)
        contributions[np.abs(contributions) <= self._least] = 0.0
        return rank_correlation(numbers, contributions)


def _rounded(value: float) -> float:
    """What remains of repeats that cancel each other."""
    return 0.0 if abs(value) < _ROUNDING else value


def _share(each: Importance, known: dict[str, float]) -> float:
    return sum(known[column] for column in each.columns)


def _size(each: Importance) -> tuple[float, float]:
    return (-np.inf if each.importance is None else each.importance, each.change or 0.0)
