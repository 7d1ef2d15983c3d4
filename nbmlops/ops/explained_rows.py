"""Single rows of an explanation: which ones, by which way, and what each column adds to their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbmlops.attribution import with_shap
from nbmlops.attribution.contributions import EXACT, MOST_EXACT, SAMPLED, contributions
from nbmlops.attribution.groups import Group
from nbmlops.attribution.inputs import Array, Inputs, shown
from nbmlops.attribution.picked import outcomes_of, picked
from nbmlops.attribution.with_shap import Explained
from nbmlops.errors import NbmlopsError, UsageError
from nbmlops.model.attribution import ExplainedRow, Outcome, Part
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.explanation_answers import Asking

if TYPE_CHECKING:
    from nbmlops.ops.explain import Request

_MOST_CLASSES = 5
_MOST_ROWS = 100
_OVERALL = 300
"""Rows whose SHAP values are averaged over all."""
Told = tuple[tuple[ExplainedRow, ...], str, dict[str, float], list[str]]


def explain_rows(call: Call, request: Request, asking: Asking) -> Told:
    """The rows, how they were explained, mean absolute SHAP values by group, and notes."""
    wanted = _wanted(request, asking)
    places = np.array([place for place, _ in wanted], dtype=np.int64)
    inputs: Inputs = asking.inputs
    groups: tuple[Group, ...] = asking.groups
    method = EXACT if len(groups) <= MOST_EXACT else SAMPLED
    found, overall, notes = _by_shap(request, asking, places)
    rows = []
    for number, (place, why) in enumerate(wanted):
        call.progress(Progress(task="rows", done=number, total=len(wanted)))
        try:
            if found is not None:
                amounts, base, errors = with_shap.of_groups(found.amounts[number], groups), found.base, None
            else:
                one = contributions(asking.asked, inputs, groups, place, asking.background, seed=request.seed)
                amounts, base, errors = one.amounts, one.base, one.errors
        except NbmlopsError as error:
            rows.append(_row(asking, place, why, (), error.message))
            continue
        rows.append(_row(asking, place, why, _outcomes(asking, place, amounts, base, errors)))
    call.progress(Progress(task="rows", done=len(wanted), total=len(wanted), state="done"))
    return tuple(rows), found.explainer if found is not None else method, overall, notes


def _wanted(request: Request, asking: Asking) -> tuple[tuple[int, str], ...]:
    if not request.row:
        return picked(asking.asked.base, has_probabilities=asking.asked.has_probabilities)
    if len(request.row) > _MOST_ROWS:
        raise UsageError(
            f"{len(request.row):,} rows are too many to look at.", kind="rows-many", hint=f"At most {_MOST_ROWS}."
        )
    place_of = {int(number): place for place, number in enumerate(asking.numbers)}
    for number in request.row:
        if number not in place_of:
            last = int(asking.numbers[-1])
            is_there = 1 <= number <= last
            raise UsageError(
                f"Row {number} {'has no target' if is_there else 'is not there'}.",
                kind="row-missing",
                hint="Name another." if is_there else f"They are numbered from 1 to {last}.",
                row=number,
            )
    return tuple((place_of[number], "asked for") for number in dict.fromkeys(request.row))


def _by_shap(request: Request, asking: Asking, places: Array) -> tuple[Explained | None, dict[str, float], list[str]]:
    """None where it is not asked for, or the model is neither trees nor linear and it was not asked for by name."""
    if request.method == "light" or not with_shap.is_installed():
        return None, {}, []
    inputs, background, ask = asking.inputs, asking.background, asking.asked
    try:
        found = with_shap.by_structure(asking.estimator, ask, inputs, places, background)
        if found is not None:
            overall = np.arange(len(inputs))[:: max(1, len(inputs) // _OVERALL)][:_OVERALL]
            every = with_shap.by_structure(asking.estimator, ask, inputs, overall, background)
            return found, _overall(every, asking), []
        if request.method != "shap":
            return None, {}, []
        return with_shap.by_asking(ask, inputs, places, background, request.seed), {}, []
    except NbmlopsError as error:
        return None, {}, [f"SHAP could not explain it: {error.message}"]


def _overall(every: Explained | None, asking: Asking) -> dict[str, float]:
    if every is None:
        return {}
    return {
        group.name: float(np.abs(every.amounts[:, list(group.columns), asking.of].sum(axis=1)).mean())
        for group in asking.groups
    }


def _outcomes(asking: Asking, place: int, amounts: Array, base: Array, errors: Array | None) -> tuple[Outcome, ...]:
    values = asking.asked.base.values[place]
    first = asking.of if asking.is_of_asked else None
    if first is None and asking.asked.base.said is not None:
        first = int(asking.asked.base.said[place])
    found = []
    for outcome in outcomes_of(values, first, _MOST_CLASSES):
        parts = [
            Part(
                name=group.name,
                value=_shown(asking, group, place),
                amount=float(amounts[player, outcome]) + 0.0,
                error=float(errors[player, outcome]) if errors is not None else None,
            )
            for player, group in enumerate(asking.groups)
        ]
        found.append(
            Outcome(
                of=str(asking.classes[outcome]) if asking.classes else "",
                answer=float(values[outcome]),
                base=float(base[outcome]),
                parts=tuple(sorted(parts, key=lambda part: -abs(part.amount))),
            )
        )
    return tuple(found)


def _row(asking: Asking, place: int, picked: str, outcomes: tuple[Outcome, ...], why: str = "") -> ExplainedRow:
    base = asking.asked.base
    said: Any = asking.classes[base.said[place]] if base.said is not None else float(base.values[place, 0])
    return ExplainedRow(
        row=int(asking.numbers[place]),
        picked=picked,
        answer=shown(said),
        truth=shown(asking.truth[place]) if asking.truth else "",
        outcomes=outcomes,
        why=why,
    )


def _shown(asking: Asking, group: Group, place: int) -> str:
    return ", ".join(shown(asking.inputs.values(column)[place]) for column in group.columns)
