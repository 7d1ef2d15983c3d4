"""What an explanation is about where the request leaves it open: target, class, metric, groups of columns, rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbmlops.attribution.groups import Group
from nbmlops.attribution.inputs import Array, Inputs
from nbmlops.errors import UsageError
from nbmlops.model.attribution import CHANGE

if TYPE_CHECKING:
    from nbmlops.ops.explain import Request
    from nbmlops.ops.explanation_answers import Asking

APART = "none"
"""As a group: columns that move together are shuffled one by one."""
_MOST_ASKED = 20_000_000
"""Rows that are asked about for all columns and repeats."""
_LEAST_ROWS = 100


def target_of_table(request: Request, names: list[str], candidate: Any, place: str) -> str:
    """The one that is asked for, or the only column that the model does not take; empty where that is not clear."""
    from nbmlops.evaluate.validate import target_of

    if request.target:
        return target_of(names, candidate.columns, request.target, place)
    taken = {each.name for each in candidate.columns}
    left = [name for name in names if name not in taken]
    return left[0] if taken and len(left) == 1 else ""


def task_without_truth(said: Any) -> str:
    """Without the truth: what the model is, or what its answers look like."""
    from nbmlops.ops.evaluation_answers import CLASSIFICATION, REGRESSION

    return CLASSIFICATION if said.is_classifier or said.values.dtype.kind not in "iuf" else REGRESSION


def misfit_of(said: Any, truth: Array, task: str) -> str:
    """Why a column cannot be what the model predicts; empty where it can."""
    import numpy as np

    from nbmlops.evaluate.validate import named
    from nbmlops.ops.evaluation_answers import CLASSIFICATION, plain_values

    if task == CLASSIFICATION:
        true = plain_values(truth)
        if said.classes and not set(said.classes) & set(true):
            return f"holds {named(list(dict.fromkeys(true)))}, and the model knows {named(said.classes)}"
        return ""
    try:
        is_known = bool(np.isfinite(truth.astype(float)).all())
    except (TypeError, ValueError):
        is_known = False
    return "" if is_known else "holds other things than numbers"


def class_of(request: Request, classes: tuple[Any, ...], said: Array | None) -> int:
    """The class that is asked for, the second of two, or the one that the model says most often."""
    import numpy as np

    from nbmlops.evaluate.validate import named

    if not classes:
        if request.of:
            raise UsageError(
                "The model gives values: there are no classes.", kind="class-unknown", hint="Leave out --of."
            )
        return 0
    if request.of:
        found = next((place for place, each in enumerate(classes) if str(each) == request.of), None)
        if found is None:
            raise UsageError(
                f"The model knows no class {request.of!r}.", kind="class-unknown", hint=f"It knows {named(classes)}."
            )
        return found
    if len(classes) == 2:
        return 1
    return int(np.bincount(said, minlength=len(classes)).argmax()) if said is not None else 0


def groups_of(request: Request, inputs: Inputs) -> tuple[tuple[Group, ...], list[str]]:
    from nbmlops.attribution.groups import LIMIT, called, correlated, grouped
    from nbmlops.evaluate.validate import named

    if request.group == (APART,):
        return grouped(inputs.names, ()), []
    if not request.group:
        found = correlated(inputs)
        told = [
            f"{called(each)} move together (rank correlation above {LIMIT:g}) and are taken as one;"
            f" --group {APART} keeps them apart."
            for each in found
        ]
        return grouped(inputs.names, found), told
    asked = [tuple(dict.fromkeys(name.strip() for name in each.split(","))) for each in request.group]
    every = [name for each in asked for name in each]
    if strange := [name for name in every if name not in inputs.names]:
        raise UsageError(
            f"There is no column {strange[0]!r} that the model takes.",
            kind="group-unknown",
            hint=f"It takes {named(inputs.names)}.",
        )
    if len(set(every)) < len(every) or any(len(each) < 2 for each in asked):
        raise UsageError(
            "A group has two columns or more, and no column is in two groups.",
            kind="group-malformed",
            hint="As in: --group alcohol,proline --group hue,color_intensity",
        )
    return grouped(inputs.names, asked), []


def metric_of(request: Request, asking: Asking) -> str:
    from nbmlops.evaluate.metrics import ACCURACY, MAE, OF_LABELS, OF_PROBABILITIES, REGRESSION

    if not asking.truth:
        if request.metric:
            raise UsageError(
                "Without a target there is no metric.",
                kind="target-missing",
                hint="Name the column of true values: --target NAME",
            )
        return CHANGE
    if asking.classes:
        known = OF_LABELS + (OF_PROBABILITIES if asking.asked.has_probabilities else ())
        if len(asking.classes) != 2:
            known = tuple(each for each in known if each not in ("precision", "recall", "f1"))
    else:
        known = REGRESSION
    metric = request.metric or (ACCURACY if asking.classes else MAE)
    if metric not in known:
        raise UsageError(
            f"There is no metric {metric!r} here.", kind="metric-missing", hint=f"There are {', '.join(known)}."
        )
    return metric


def places_of(request: Request, rows: int, groups: int) -> tuple[Array, list[str]]:
    """Of the rows that are shuffled."""
    from nbmlops.attribution.contributions import background_of

    if rows < 2:
        raise UsageError("One row cannot be shuffled.", kind="data-few", hint="Name a table with more rows.")
    most = min(request.sample, max(_LEAST_ROWS, _MOST_ASKED // (request.repeats * groups)))
    if rows <= most:
        most = rows
    told = [f"A sample of {most:,} of {rows:,} rows is shuffled."] if most < rows else []
    return background_of(rows, most, request.seed + 1), told
