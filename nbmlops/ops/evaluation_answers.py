"""What a model says of a table: labels and probabilities, or numbers; and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.errors import ExternalError, UsageError
from nbmlops.evaluate.metrics import Array, Classified, Regressed, coded
from nbmlops.evaluate.validate import named
from nbmlops.serve.model import ServedModel
from nbmlops.serve.signature import ANY, NUMPY

CLASSIFICATION, REGRESSION = "classification", "regression"
_FEW_LABELS = 20
_MOST_LABELS = 1000
_TIMED_ROWS = 1000
_MOST_TIMES, _SECONDS = 200, 0.5


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One model's answers, as it gave them."""

    values: Array
    classes: tuple[Any, ...] = ()
    """Of a classifier that names them."""
    probabilities: Array | None = None
    """(rows, classes)."""
    is_classifier: bool = False
    estimator: str = ""
    milliseconds: float | None = None


def ask(model: ServedModel, table: Any, target: str) -> Said:
    """Raises UsageError for what the model does not take, ExternalError where it fails or answers something odd."""
    inputs = inputs_of(model, table, target)
    return msgspec.structs.replace(answers_to(model, inputs), milliseconds=_timed(model, inputs))


def answers_to(model: ServedModel, inputs: Any) -> Said:
    """The same for inputs that are as the model takes them, without the time."""
    rows = len(inputs)
    answer = _array(model.long_way.predict(inputs))
    estimator = model.long_way.estimator()
    classes = tuple(_plain(each) for each in _classes(estimator))
    probabilities = None
    if classes and answer.ndim == 2 and answer.shape == (rows, len(classes)) and len(classes) > 1:
        # It was logged to give these.
        probabilities = answer.astype(float)
        answer = np.array([classes[place] for place in probabilities.argmax(axis=1)], dtype=object)
    elif classes and callable(getattr(estimator, "predict_proba", None)):
        found = _array(model.long_way.asking("predict_proba").predict(inputs)).astype(float)
        probabilities = found if found.shape == (rows, len(classes)) else None
    if answer.ndim == 2 and answer.shape[1] == 1:
        answer = answer[:, 0]
    if answer.shape != (rows,):
        raise ExternalError(
            f"{model.name} gives an answer of shape {answer.shape} for {rows} rows.",
            kind="answers-shape",
            hint="Only models with one answer for each row can be evaluated.",
        )
    kind = type(estimator)
    return Said(
        values=answer,
        classes=classes,
        probabilities=probabilities,
        is_classifier=bool(classes),
        estimator=f"{kind.__module__}.{kind.__qualname__}" if estimator is not None else "",
    )


def task_of(said: Said, truth: Array, asked: str) -> str:
    """`classification` or `regression`: what is asked for, else what the model is, else what its answers look like."""
    if asked:
        return asked
    if said.is_classifier or said.values.dtype.kind not in "iuf":
        return CLASSIFICATION
    is_whole = truth.dtype.kind in "iu" and said.values.dtype.kind in "iu"
    return CLASSIFICATION if is_whole and len(np.unique(truth)) <= _FEW_LABELS else REGRESSION


def numbers(said: Said, truth: Array, model: str, place: str, target: str) -> Regressed:
    """Raises UsageError for a target that is no number, ExternalError for answers that are none."""
    try:
        true = truth.astype(float)
    except (TypeError, ValueError):
        true = np.full(1, np.nan)
    if not np.isfinite(true).all():
        raise UsageError(
            f"{target} of {place} holds other things than numbers.",
            kind="target-types",
            hint="For labels: --task classification",
        )
    try:
        given = said.values.astype(float)
    except (TypeError, ValueError):
        given = np.full(len(true), np.nan)
    wrong = int((~np.isfinite(given)).sum())
    if wrong:
        raise ExternalError(
            f"{model} gives no number for {wrong:,} of {len(true):,} rows.",
            kind="answers-types",
            hint="For labels: --task classification",
        )
    return Regressed(truth=true, said=given)


def known_classes(every: Sequence[Said], truth: Sequence[Any], positive: str) -> tuple[Any, ...]:
    """Of all models, in the first one's order, then what else is true or said. Of two, the positive one comes last.

    Raises UsageError for a positive label that is none, and for more labels than can be.
    """
    found: dict[Any, None] = dict.fromkeys(each for said in every for each in said.classes)
    others = {_plain(each) for said in every for each in said.values} | set(truth)
    found |= dict.fromkeys(sorted(others - found.keys(), key=lambda each: (str(type(each)), each)))
    classes = list(found)
    if len(classes) > _MOST_LABELS:
        raise UsageError(
            f"There are {len(classes):,} different labels: at most {_MOST_LABELS:,} can be evaluated.",
            kind="labels-too-many",
            hint="For numbers: --task regression",
        )
    if positive:
        chosen = next((each for each in classes if str(each) == positive), None)
        if chosen is None or len(classes) != 2:
            raise UsageError(
                f"{positive!r} is not one of two labels: there are {named(classes)}.",
                kind="positive-unknown",
                hint="Leave out --positive, or name one of two.",
            )
        classes.remove(chosen)
        classes.append(chosen)
    return tuple(classes)


def labels(said: Said, truth: Sequence[Any], classes: Sequence[Any]) -> Classified:
    """A class that this model does not know has the probability 0."""
    probabilities = None
    if said.probabilities is not None:
        probabilities = np.zeros((len(truth), len(classes)))
        probabilities[:, coded(said.classes, classes)] = said.probabilities
    return Classified(
        truth=coded(truth, classes),
        said=coded([_plain(each) for each in said.values], classes),
        classes=len(classes),
        probabilities=probabilities,
    )


def plain_values(values: Array) -> list[Any]:
    """As Python has them: a NumPy 1 is a 1."""
    return [_plain(each) for each in values]


def inputs_of(model: ServedModel, table: Any, target: str) -> Any:
    """As the signature has them: columns of its types, or one array. Without a target, all columns are the model's."""
    signature = model.signature
    if signature.has_columns:
        found = table[[each.name for each in signature.inputs if each.name in table.columns]].copy()
        for each in signature.inputs:
            if each.name in found.columns:
                found[each.name] = _typed(found[each.name], each.column)
        return found
    rest = table.drop(columns=[target]) if target else table
    beside = f"columns beside {target}" if target else "columns"
    if len(signature.inputs) != 1:
        return rest
    (tensor,) = signature.inputs
    width = tensor.shape[-1] if len(tensor.shape) == 2 else ANY
    if len(tensor.shape) != 2 or width not in (ANY, rest.shape[1]):
        raise UsageError(
            f"{model.name} takes arrays of shape {tensor.shape}, not {rest.shape[1]} {beside}.",
            kind="data-columns",
            hint="Give the columns that it was fitted with, in their order, and the target: --target NAME",
        )
    try:
        return rest.to_numpy(dtype=NUMPY.get(tensor.datatype, "float64"))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The {beside} hold other things than numbers: {str(error)[:100]}.", kind="data-types"
        ) from error


def _typed(column: Any, kind: str) -> Any:
    """MLflow takes no wider numbers than the signature says, and a file of text has only wide ones."""
    import pandas as pd

    match kind:
        case "double" | "float":
            return column.astype("float64" if kind == "double" else "float32")
        case "long" | "integer":
            return column.astype("int64" if kind == "long" else "int32")
        case "datetime":
            return pd.to_datetime(column)
    return column


def _timed(model: ServedModel, inputs: Any) -> float | None:
    """Milliseconds for 1000 rows, the way a service asks. The best of several times: what is more is other work's."""
    count = len(inputs)
    places = np.arange(_TIMED_ROWS) % count
    rows = inputs.iloc[places] if hasattr(inputs, "iloc") else inputs[places]
    array = None
    if model.estimator is not None and isinstance(rows, np.ndarray):
        array = model.estimator.columns.of_array(rows)
    elif model.estimator is not None and all(each.kind in "iuf" for each in rows.dtypes):
        array = model.estimator.columns.of_array(rows.to_numpy(dtype=float))
    found: list[float] = []
    while len(found) < _MOST_TIMES and sum(found) < _SECONDS:
        began = time.perf_counter()
        if array is not None and model.estimator is not None:
            model.estimator.score(array)
        else:
            model.long_way.predict(rows)
        found.append(time.perf_counter() - began)
    return 1000 * min(found)


def _classes(estimator: Any) -> Any:
    try:
        found = getattr(estimator, "classes_", ())
    except Exception:  # noqa: BLE001 - a property of whatever was fitted
        return ()
    # Several outputs have a list for each.
    return found if np.ndim(found) == 1 else ()


def _array(answer: Any) -> Array:
    if isinstance(answer, dict) and len(answer) == 1:
        (answer,) = answer.values()
    return np.asarray(answer)


def _plain(value: Any) -> Any:
    item = getattr(value, "item", None)
    return item() if item is not None else value
