"""SHAP's own explainers, where shap is installed (`nbmlops[explain]`).

TreeExplainer and LinearExplainer look into the estimator, which is fast and exact; whether their values add up to the
model's answers is checked, and where they do not, the model is asked as a whole (PermutationExplainer). That one sees
numbers of rows instead of values, so that columns of text and gaps are no different from others. Of boosted classes,
TreeExplainer finds parts of the log-odds and stretches them to the probability: near its Shapley values, but not these.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.attribution.groups import Group
from nbmlops.attribution.inputs import Array, Ask, Inputs
from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError

TREE, LINEAR, PERMUTATION = "SHAP TreeExplainer", "SHAP LinearExplainer", "SHAP PermutationExplainer"
_TOLERANCE = 1e-4
"""Of the largest answer: XGBoost and LightGBM reckon in single precision."""
_CALLS = 10
"""How often the permutation explainer goes through all columns, there and back."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    explainer: str
    base: Array
    """(outcomes,)."""
    amounts: Array
    """(rows, columns, outcomes)."""


def is_installed() -> bool:
    import importlib.util

    return importlib.util.find_spec("shap") is not None


def require() -> None:
    """Raises MissingDependencyError."""
    if not is_installed():
        raise MissingDependencyError(
            "shap is not installed.", kind="shap-missing", hint="pip install 'nbmlops[explain]'", missing=["shap"]
        )


def by_structure(estimator: Any, ask: Ask, inputs: Inputs, rows: Array, background: Array) -> Explained | None:
    """By trees or coefficients. None for other estimators, and where the values do not add up to the answers."""
    last, before = _parts(estimator, inputs)
    if last is None:
        return None
    is_tree, is_linear = _is_tree(last), _is_linear(last)
    if not is_tree and not is_linear:
        return None
    answers = ask(inputs.at(rows)).values
    try:
        matrix = _matrix(inputs, before, np.concatenate([background, rows]))
        behind, asked = matrix[: len(background)], matrix[len(background) :]
        for explained in _tried(last, asked, behind, answers.shape[1], is_tree=is_tree):
            if _adds_up(explained, answers):
                return explained
    except NbmlopsError:
        raise
    except Exception:  # noqa: BLE001 - whatever shap or an estimator raises: the model is asked as a whole then
        return None
    return None


def by_asking(ask: Ask, inputs: Inputs, rows: Array, background: Array, seed: int) -> Explained:
    """Of any model. Raises NbmlopsError where it refuses mixed rows."""
    import shap

    columns = len(inputs.names)

    def answers(places: Any) -> Array:
        chosen = np.asarray(places).astype(np.int64)
        return ask(inputs.gathered([np.ascontiguousarray(chosen[:, column]) for column in range(columns)])).values

    behind = np.tile(background[:, None], (1, columns)).astype(float)
    asked = np.tile(rows[:, None], (1, columns)).astype(float)
    masker = shap.maskers.Independent(behind, max_samples=len(behind))
    try:
        with _quiet():
            explainer = shap.PermutationExplainer(answers, masker, seed=seed)
            found = explainer(asked, max_evals=_CALLS * (2 * columns + 1), silent=True)
    except NbmlopsError:
        raise
    except Exception as error:
        raise ExternalError(f"SHAP failed: {type(error).__name__}: {str(error)[:200]}", kind="shap-failed") from error
    amounts = np.asarray(found.values, dtype=float)
    base = np.asarray(found.base_values, dtype=float)
    if amounts.ndim == 2:
        amounts, base = amounts[:, :, None], base.reshape(len(rows), 1)
    return Explained(explainer=PERMUTATION, base=base[0], amounts=amounts)


def of_groups(amounts: Array, groups: Sequence[Group]) -> Array:
    """(columns, outcomes) -> (groups, outcomes)."""
    return np.stack([amounts[list(group.columns)].sum(axis=0) for group in groups])


def _parts(estimator: Any, inputs: Inputs) -> tuple[Any, Any]:
    """The estimator that decides, and what stands before it where that keeps the columns as they are."""
    steps = getattr(estimator, "steps", None)
    if not isinstance(steps, list) or not hasattr(estimator, "named_steps"):
        return estimator, None
    if len(steps) == 1:
        return steps[-1][1], None
    before = estimator[:-1]
    try:
        names = [str(each) for each in before.get_feature_names_out(list(inputs.names))]
    except Exception:  # noqa: BLE001 - a step that cannot tell
        return None, None
    return (steps[-1][1], before) if names == list(inputs.names) else (None, None)


def _matrix(inputs: Inputs, before: Any, places: Array) -> Array:
    rows = inputs.at(places)
    made = before.transform(rows) if before is not None else rows
    if hasattr(made, "toarray"):
        made = made.toarray()
    found: Array = np.asarray(made, dtype=float)
    return found


def _tried(last: Any, asked: Array, behind: Array, outcomes: int, *, is_tree: bool) -> Iterator[Explained]:
    import shap

    with _quiet():
        if not is_tree:
            explainer = shap.LinearExplainer(last, shap.maskers.Independent(behind, max_samples=len(behind)))
            yield _shaped(explainer.shap_values(asked), explainer.expected_value, outcomes, LINEAR)
            return
        for output in ("probability", "raw") if outcomes > 1 else ("raw",):
            with contextlib.suppress(Exception):
                explainer = shap.TreeExplainer(
                    last, data=behind, feature_perturbation="interventional", model_output=output
                )
                yield _shaped(
                    explainer.shap_values(asked, check_additivity=False), explainer.expected_value, outcomes, TREE
                )


def _shaped(values: Any, base: Any, outcomes: int, explainer: str) -> Explained:
    amounts = np.asarray(np.stack(values, axis=-1) if isinstance(values, list) else values, dtype=float)
    start = np.atleast_1d(np.asarray(base, dtype=float)).ravel()
    if amounts.ndim == 2:
        amounts = amounts[:, :, None]
    if outcomes == 2 and amounts.shape[2] == 1:
        # Of two classes, only the second one's is told.
        amounts = np.concatenate([-amounts, amounts], axis=2)
        start = np.array([1 - start[-1], start[-1]])
    return Explained(explainer=explainer, base=start, amounts=amounts)


def _adds_up(found: Explained, answers: Array) -> bool:
    if found.base.shape != answers.shape[1:] or found.amounts.shape[::2] != answers.shape:
        return False
    room = _TOLERANCE * max(1e-12, float(np.abs(answers).max()))
    return bool(np.allclose(found.base + found.amounts.sum(axis=1), answers, rtol=0, atol=room))


def _is_tree(estimator: Any) -> bool:
    module = type(estimator).__module__
    if module.partition(".")[0] in ("lightgbm", "xgboost"):
        return True
    return module.startswith(("sklearn.tree", "sklearn.ensemble")) and any(
        hasattr(estimator, name) for name in ("tree_", "estimators_", "_predictors")
    )


def _is_linear(estimator: Any) -> bool:
    return type(estimator).__module__.startswith("sklearn.linear_model") and hasattr(estimator, "coef_")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """shap warns of its own dependencies, and draws bars of progress."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
