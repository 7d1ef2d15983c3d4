"""Trees and sums of trees, as flat arrays through which all trees and rows go down together, a level at a time.

The right child of a node lies behind its left one, and a leaf is its own child. Leaves' values are added in the order
in which scikit-learn adds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.serve.compiled.parts import Predictor, Recipe, name_of, numbers, size
from nbmlops.serve.rows import Array

_MOST_SQUARES = 1e76
"""Numbers below its root are finite with 32 bits too."""
_MOST_AT_ONCE = 4096
"""Rows times trees: with more, scikit-learn's own loops are faster."""
_ARRAYS = ("roots", "feature", "threshold", "left", "value")
_SHARES = (0.0, 1e-6, -1e-6, 0.1, -0.1)

_Predict = Callable[[Array], Any]


class _Nodes(msgspec.Struct, frozen=True, kw_only=True):
    """Of one tree, as scikit-learn has them."""

    feature: Array
    threshold: Array
    left: Array
    right: Array
    is_leaf: Array
    value: Array
    """A row for each node."""


class Forest(msgspec.Struct, frozen=True, kw_only=True):
    roots: Array
    feature: Array
    threshold: Array
    left: Array
    value: Array
    depth: int
    is_single: bool
    """Trees compare numbers of 32 bits."""
    walked: tuple[list[int], list[float], list[int]] | None = None
    """Features, thresholds and children as lists, where one tree is all there is: a row goes down it faster alone."""

    def takes(self, rows: Array) -> bool:
        return len(rows) * len(self.roots) <= _MOST_AT_ONCE and size(rows) < _MOST_SQUARES

    def leaves(self, rows: Array) -> Array:
        """Values: row, tree, output."""
        count, width = rows.shape
        flat = (rows.astype(np.float32) if self.is_single else rows).astype(np.float64).ravel()
        if self.walked is not None and count == 1:
            leaf = self._leaf(flat.tolist())
            return self.value[np.newaxis, leaf : leaf + 1]
        at = np.repeat(self.roots[np.newaxis, :], count, axis=0)
        first = np.arange(0, count * width, width)[:, np.newaxis]
        for _ in range(self.depth):
            found = flat.take(self.feature.take(at) + first)
            at = self.left.take(at) + (found > self.threshold.take(at))
        return self.value.take(at, axis=0)

    def _leaf(self, row: list[float]) -> int:
        assert self.walked is not None
        feature, threshold, left = self.walked
        at = 0
        while (below := left[at]) != at:
            at = below + (row[feature[at]] > threshold[at])
        return at

    def probe(self, width: int) -> Callable[[np.random.Generator, int], Array]:
        def rows(chance: np.random.Generator, count: int) -> Array:
            found = chance.normal(size=(count, width))
            inner = np.isfinite(self.threshold)
            for place in range(width):
                borders = self.threshold[inner & (self.feature == place)]
                if len(borders):
                    found[:, place] = chance.choice(borders, size=count)
                    found[:, place] += chance.choice(_SHARES, size=count) * (np.abs(found[:, place]) + 1e-3)
            return found

        return rows


def trees_of(estimator: Any, width: int) -> Recipe | None:
    """None where it is not known what it computes."""
    read = _KNOWN.get(name_of(estimator))
    return read(estimator, width) if read is not None else None


def made_trees(recipe: Recipe) -> Predictor:
    """Raises KeyError for a recipe of another kind."""
    forest = _forest_of(recipe)
    predict, width = _PREDICTORS[recipe.kind](forest, recipe), int(recipe.values["width"])
    return Predictor(predict=predict, takes=forest.takes, probe=forest.probe(width))


def _tree_regressor(estimator: Any, width: int) -> Recipe | None:
    forest = _forest([estimator], width)
    return _recipe("tree", forest, width) if forest is not None and forest.value.shape[1] == 1 else None


def _tree_classifier(estimator: Any, width: int) -> Recipe | None:
    return _of_classes("tree class", _forest([estimator], width), width, estimator)


def _forest_regressor(estimator: Any, width: int) -> Recipe | None:
    forest = _forest(estimator.estimators_, width)
    return _recipe("forest", forest, width) if forest is not None and forest.value.shape[1] == 1 else None


def _forest_classifier(estimator: Any, width: int) -> Recipe | None:
    return _of_classes("forest class", _forest(estimator.estimators_, width), width, estimator)


def _boosted_regressor(estimator: Any, width: int) -> Recipe | None:
    raw = _raw(estimator, width)
    if raw is None or type(estimator._loss.link).__name__ != "IdentityLink":
        return None
    return _recipe("boosted", raw[0], width, baseline=raw[1])


def _boosted_classifier(estimator: Any, width: int) -> Recipe | None:
    raw = _raw(estimator, width)
    return _of_classes("boosted class", raw[0], width, estimator, baseline=raw[1]) if raw is not None else None


def _of_classes(kind: str, forest: Forest | None, width: int, estimator: Any, **further: Array) -> Recipe | None:
    classes = _classes(estimator)
    if forest is None or classes is None:
        return None
    return _recipe(kind, forest, width, classes=classes, **further)


def _recipe(kind: str, forest: Forest, width: int, **further: Array) -> Recipe:
    return Recipe(
        kind=kind,
        arrays={name: getattr(forest, name) for name in _ARRAYS} | further,
        values={"width": float(width), "depth": float(forest.depth), "is_single": float(forest.is_single)},
    )


def _forest_of(recipe: Recipe) -> Forest:
    arrays = {name: recipe.arrays[name] for name in _ARRAYS}
    return _whole(**arrays, depth=int(recipe.values["depth"]), is_single=bool(recipe.values["is_single"]))


def _whole(*, depth: int, is_single: bool, **arrays: Array) -> Forest:
    lists = tuple(arrays[name].tolist() for name in ("feature", "threshold", "left"))
    return Forest(**arrays, depth=depth, is_single=is_single, walked=lists if len(arrays["roots"]) == 1 else None)


def _tree(forest: Forest, recipe: Recipe) -> _Predict:
    def predict(rows: Array) -> Any:
        return forest.leaves(rows)[:, 0, 0]

    return predict


def _tree_class(forest: Forest, recipe: Recipe) -> _Predict:
    classes = recipe.arrays["classes"]

    def predict(rows: Array) -> Any:
        return classes.take(forest.leaves(rows)[:, 0].argmax(axis=1))

    return predict


def _mean(forest: Forest, recipe: Recipe) -> _Predict:
    count = len(forest.roots)

    def predict(rows: Array) -> Any:
        return np.add.accumulate(forest.leaves(rows)[:, :, 0], axis=1)[:, -1] / count

    return predict


def _mean_class(forest: Forest, recipe: Recipe) -> _Predict:
    count, classes = len(forest.roots), recipe.arrays["classes"]

    def predict(rows: Array) -> Any:
        return classes.take((np.add.accumulate(forest.leaves(rows), axis=1)[:, -1] / count).argmax(axis=1))

    return predict


def _boosted(forest: Forest, recipe: Recipe) -> _Predict:
    sums = _sums(forest, recipe.arrays["baseline"])

    def predict(rows: Array) -> Any:
        return sums(rows)[:, 0]

    return predict


def _boosted_class(forest: Forest, recipe: Recipe) -> _Predict:
    classes, baseline = recipe.arrays["classes"], recipe.arrays["baseline"]
    sums, is_binary = _sums(forest, baseline), baseline.shape[1] == 1

    def predict(rows: Array) -> Any:
        found = sums(rows)
        return classes.take((found[:, 0] > 0).astype(np.intp) if is_binary else found.argmax(axis=1))

    return predict


def _sums(forest: Forest, baseline: Array) -> Callable[[Array], Array]:
    """Of leaves on top of the baseline: row, output."""
    outputs = baseline.shape[1]

    def sums(rows: Array) -> Array:
        found = forest.leaves(rows)
        whole = np.empty((len(rows), 1 + found.shape[1] // outputs, outputs))
        whole[:, 0] = baseline
        whole[:, 1:] = found.reshape(len(rows), -1, outputs)
        return np.asarray(np.add.accumulate(whole, axis=1)[:, -1])

    return sums


def _raw(estimator: Any, width: int) -> tuple[Forest, Array] | None:
    """And the baseline on top of which its leaves are added: 1, output."""
    outputs = int(estimator.n_trees_per_iteration_)
    baseline = numbers(estimator._baseline_prediction, 1, outputs)
    if baseline is None or getattr(estimator, "_preprocessor", None) is not None:
        return None
    nodes = []
    for predictor in (each for iteration in estimator._predictors for each in iteration):
        table = predictor.nodes
        if table["is_categorical"].any():
            return None
        nodes.append(
            _Nodes(
                feature=table["feature_idx"], threshold=table["num_threshold"], left=table["left"],
                right=table["right"], is_leaf=table["is_leaf"].astype(bool), value=table["value"][:, np.newaxis],
            )
        )  # fmt: skip
    forest = _laid_out(nodes, width, is_single=False)
    return (forest, baseline) if forest is not None else None


def _forest(estimators: Sequence[Any], width: int) -> Forest | None:
    nodes = []
    for each in estimators:
        if name_of(each) not in _TREES:
            return None
        tree = each.tree_
        if tree.n_outputs != 1:
            return None
        is_leaf = tree.children_left < 0
        nodes.append(
            _Nodes(
                feature=tree.feature, threshold=tree.threshold, left=tree.children_left, right=tree.children_right,
                is_leaf=is_leaf, value=tree.value[:, 0, :],
            )
        )  # fmt: skip
    return _laid_out(nodes, width, is_single=True)


def _laid_out(trees: Sequence[_Nodes], width: int, *, is_single: bool) -> Forest | None:
    """None where a node has no place, or a leaf no finite value."""
    total = sum(len(tree.feature) for tree in trees)
    if not total:
        return None
    feature, left = np.zeros(total, dtype=np.intp), np.zeros(total, dtype=np.intp)
    threshold = np.full(total, np.inf)
    value = np.zeros((total, trees[0].value.shape[1]))
    roots, free, depth = [], 0, 0
    for tree in trees:
        level = [(0, free)]
        roots.append(free)
        free += 1
        tree_depth = -1
        while level:
            tree_depth += 1
            below: list[tuple[int, int]] = []
            for node, place in level:
                value[place] = tree.value[node]
                if tree.is_leaf[node]:
                    left[place] = place
                    continue
                feature[place], threshold[place], left[place] = tree.feature[node], tree.threshold[node], free
                below += [(int(tree.left[node]), free), (int(tree.right[node]), free + 1)]
                free += 2
            level = below
        depth = max(depth, tree_depth)
    if not np.isfinite(value).all() or feature.max() >= width or feature.min() < 0 or np.isnan(threshold).any():
        return None
    return _whole(
        roots=np.array(roots, dtype=np.intp),
        feature=feature,
        threshold=threshold,
        left=left,
        value=value,
        depth=depth,
        is_single=is_single,
    )


def _classes(estimator: Any) -> Array | None:
    found = estimator.classes_
    return found if type(found) is np.ndarray and found.ndim == 1 else None


_TREES = frozenset({"DecisionTreeRegressor", "DecisionTreeClassifier", "ExtraTreeRegressor", "ExtraTreeClassifier"})
_KNOWN: dict[str, Callable[[Any, int], Recipe | None]] = {
    "DecisionTreeRegressor": _tree_regressor,
    "ExtraTreeRegressor": _tree_regressor,
    "DecisionTreeClassifier": _tree_classifier,
    "ExtraTreeClassifier": _tree_classifier,
    "RandomForestRegressor": _forest_regressor,
    "ExtraTreesRegressor": _forest_regressor,
    "RandomForestClassifier": _forest_classifier,
    "ExtraTreesClassifier": _forest_classifier,
    "HistGradientBoostingRegressor": _boosted_regressor,
    "HistGradientBoostingClassifier": _boosted_classifier,
}
_PREDICTORS: dict[str, Callable[[Forest, Recipe], _Predict]] = {
    "tree": _tree,
    "tree class": _tree_class,
    "forest": _mean,
    "forest class": _mean_class,
    "boosted": _boosted,
    "boosted class": _boosted_class,
}
