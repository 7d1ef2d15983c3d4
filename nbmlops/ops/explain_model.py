"""`explain MODEL --data D`: which columns a model's answers come from, over all rows and for single ones."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbmlops.errors import NbmlopsError, UsageError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.attribution import CHANGE, Explanation, Importance
from nbmlops.model.evaluation import Data
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.promote import check_name

if TYPE_CHECKING:
    from nbmlops.attribution.groups import Group
    from nbmlops.attribution.importance import Target
    from nbmlops.attribution.inputs import Array, Inputs
    from nbmlops.model.attribution import Dependence
    from nbmlops.ops.evaluation_data import Source
    from nbmlops.ops.explain import Request

APART = "none"
"""As a group: columns that move together are shuffled one by one."""
_MOST_ASKED = 20_000_000
"""Rows that are asked about for all columns and repeats."""
_LEAST_ROWS = 100
_CURVES = 6


class Result(Explanation, frozen=True, kw_only=True):
    run: str = ""
    """The explanation's own run in MLflow; empty: none was made."""
    report: str = ""
    """The file that was asked for."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A model, the rows that it is asked about, and what is known of them."""

    inputs: Any
    """`Inputs`: all rows."""
    asked: Any
    """`Asked`."""
    estimator: Any
    truth: tuple[Any, ...]
    """Of each row; empty without a target."""
    numbers: Any
    """Of each row in the file, from 1."""
    classes: tuple[Any, ...]
    """Empty for values."""
    of: int
    """The outcome that directions and curves are about."""
    is_of_asked: bool
    """Somebody has named it."""
    groups: tuple[Any, ...]
    """`Group`: columns that are shuffled as one."""
    background: Any


def explain_model(call: Call, request: Request) -> Result:
    """Raises UsageError for data that the model cannot take, a target, row, class or column that is none,
    NotFoundError for a model or data that are not there, StateError for a package whose model is not trusted,
    MissingDependencyError where SHAP is asked for and not installed.
    """
    _check(request)
    with tempfile.TemporaryDirectory(prefix="nbmlops-explain-") as name:
        found, source = _explained(call, request, Path(name))
    call.progress(Progress(task="explain", state="done"))
    if request.output:
        from nbmlops.attribution.report import report

        path = call.path(request.output)
        with refusing_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, report(found))
        found = msgspec.structs.replace(found, report=str(path))
    if request.no_track:
        return found
    from nbmlops.ops.explanation_run import record

    return msgspec.structs.replace(found, run=record(call, found, source, request))


def _explained(call: Call, request: Request, scratch: Path) -> tuple[Result, Source]:
    import numpy as np

    from nbmlops.attribution.contributions import BACKGROUND, background_of
    from nbmlops.attribution.inputs import Inputs
    from nbmlops.evaluate.validate import check, label_notes
    from nbmlops.ops import evaluation_answers as answering
    from nbmlops.ops.evaluated_model import aliased, find_candidate
    from nbmlops.ops.evaluation_data import find_data, read_table
    from nbmlops.ops.explained_rows import explain_rows
    from nbmlops.ops.explanation_answers import ANOTHER, Asked

    source = find_data(call, request.data, _made(scratch / "data"))
    ref = (aliased(call, request.notebook, request.model) if request.model else "") or request.notebook
    candidate = find_candidate(call, ref, _made(scratch / "model"), is_trusted=request.trust)
    table = read_table(source, candidate.columns)
    table.columns = [str(each) for each in table.columns]
    target, notes = _target(request, list(table.columns), candidate, source.place), []
    checked = check(table, target, candidate.columns, source.place)
    numbers = np.flatnonzero(table[target].notna()) + 1 if target else np.arange(1, len(table) + 1)
    table = checked.table
    call.progress(Progress(task="explain", note=f"{len(table):,} rows"))
    model = candidate.load()
    frame = answering.inputs_of(model, table, target)
    inputs = Inputs(frame, [name for name in table.columns if name != target])
    said = answering.answers_to(model, frame)
    truth = table[target].to_numpy() if target else np.empty(0)
    task = answering.task_of(said, truth, request.task) if target else request.task or _task_without(said)
    if target and (why := _misfit(said, truth, task)):
        if request.target:
            raise UsageError(f"{target} of {source.place} {why}.", kind="target-types", hint="Name another --target.")
        notes.append(f"{target} is not what the model predicts, for it {why}: it is left aside.")
        target, truth = "", np.empty(0)
    true = answering.plain_values(truth)
    classes = answering.known_classes([said], true, "") if task == answering.CLASSIFICATION else ()
    if classes and not said.classes:
        classes = (*classes, ANOTHER)
    asked = Asked(model, inputs, said, classes)
    of = _of(request, classes, asked.base.said)
    groups, told = _groups(request, inputs)
    asking = Asking(
        inputs=inputs,
        asked=asked,
        estimator=model.long_way.estimator(),
        truth=tuple(true),
        numbers=numbers,
        classes=classes,
        of=of,
        is_of_asked=bool(request.of),
        groups=groups,
        background=background_of(len(inputs), BACKGROUND, request.seed),
    )
    metric = _metric(request, asking)
    notes += told
    places, told = _places(request, len(inputs), len(groups))
    notes += told
    importances, score = _importances(call, request, asking, metric, places)
    notes += [f"{each.name} could not be measured: {each.why}" for each in importances if each.why]
    explained, method, contributions, told = explain_rows(call, request, asking)
    notes += told
    if contributions:
        importances = tuple(
            msgspec.structs.replace(each, contribution=contributions.get(each.name)) for each in importances
        )
    data = Data(
        place=source.place,
        digest=source.digest,
        bytes=source.bytes,
        rows=len(table),
        left_out=checked.left_out,
        target=target,
        notes=(*checked.notes, *(label_notes(true, said.classes or classes[:-1]) if classes and target else ())),
    )
    return Result(
        model=msgspec.structs.replace(candidate.told, estimator=said.estimator),
        data=data,
        task=task,
        metric=metric,
        score=score,
        of=str(classes[of]) if classes else "",
        rows=len(places),
        repeats=request.repeats,
        confidence=request.confidence,
        background=len(asking.background),
        method=method,
        importances=importances,
        explained=explained,
        curves=_curves(asking, importances),
        notes=tuple(notes),
    ), source


def _importances(
    call: Call, request: Request, asking: Asking, metric: str, places: Array
) -> tuple[tuple[Importance, ...], float | None]:
    """And the metric before anything is shuffled."""
    import numpy as np

    from nbmlops.attribution.importance import importances
    from nbmlops.attribution.inputs import Given, Inputs

    inputs: Inputs = asking.inputs
    whole: Given = asking.asked.base
    base = Given(values=whole.values[places], said=None if whole.said is None else whole.said[places])
    target = _truth(asking, metric, places)
    total = len(asking.groups)
    found = importances(
        asking.asked,
        Inputs(inputs.at(places), inputs.names),
        asking.groups,
        target,
        base=base,
        of=asking.of,
        repeats=request.repeats,
        confidence=request.confidence,
        seed=request.seed,
        told=lambda done: call.progress(Progress(task="explain", done=done, total=total, note="columns")),
    )
    if target is None:
        return found, None
    score = float(target.figures(base, np.ones((1, len(places))))[0])
    return found, score if np.isfinite(score) else None


def _truth(asking: Asking, metric: str, places: Array) -> Target | None:
    import numpy as np

    from nbmlops.attribution.importance import Target
    from nbmlops.evaluate.metrics import coded

    if metric == CHANGE:
        return None
    chosen = [asking.truth[place] for place in places]
    return Target(
        truth=coded(chosen, asking.classes) if asking.classes else np.array(chosen, dtype=float),
        metric=metric,
        classes=len(asking.classes),
        has_probabilities=asking.asked.has_probabilities,
    )


def _curves(asking: Asking, importances: Sequence[Importance]) -> tuple[Dependence, ...]:
    """Of the columns that matter most. A column whose values the model refuses in other rows has none."""
    from nbmlops.attribution.curves import curve

    inputs: Inputs = asking.inputs
    found = []
    for each in importances:
        if len(each.columns) > 1 or each.importance is None or not each.change:
            continue
        try:
            made = curve(asking.asked, inputs, inputs.names.index(each.name), asking.of, asking.background)
        except NbmlopsError:
            continue
        found += [made] if made is not None else []
        if len(found) == _CURVES:
            break
    return tuple(found)


def _target(request: Request, names: list[str], candidate: Any, place: str) -> str:
    """The one that is asked for, or the only column that the model does not take; empty where that is not clear."""
    from nbmlops.evaluate.validate import target_of

    if request.target:
        return target_of(names, candidate.columns, request.target, place)
    taken = {each.name for each in candidate.columns}
    left = [name for name in names if name not in taken]
    return left[0] if taken and len(left) == 1 else ""


def _task_without(said: Any) -> str:
    """Without the truth: what the model is, or what its answers look like."""
    from nbmlops.ops.evaluation_answers import CLASSIFICATION, REGRESSION

    return CLASSIFICATION if said.is_classifier or said.values.dtype.kind not in "iuf" else REGRESSION


def _misfit(said: Any, truth: Array, task: str) -> str:
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


def _of(request: Request, classes: tuple[Any, ...], said: Array | None) -> int:
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


def _groups(request: Request, inputs: Inputs) -> tuple[tuple[Group, ...], list[str]]:
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


def _metric(request: Request, asking: Asking) -> str:
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


def _places(request: Request, rows: int, groups: int) -> tuple[Array, list[str]]:
    """Of the rows that are shuffled."""
    from nbmlops.attribution.contributions import background_of

    if rows < 2:
        raise UsageError("One row cannot be shuffled.", kind="data-few", hint="Name a table with more rows.")
    most = max(_LEAST_ROWS, min(request.sample, _MOST_ASKED // (request.repeats * groups)))
    if rows <= most:
        most = rows
    told = [f"A sample of {most:,} of {rows:,} rows is shuffled."] if most < rows else []
    return background_of(rows, most, request.seed + 1), told


def _check(request: Request) -> None:
    from nbmlops.attribution import with_shap

    if not request.notebook:
        raise UsageError(
            "Which model is not said.",
            kind="model-unnamed",
            hint="As in: nbmlops explain models:/wine@champion --data holdout.csv",
        )
    if request.cell or request.want:
        raise UsageError(
            f"{'A cell' if request.cell else '--want'} is about a notebook, and --data about a model.",
            kind="explain-mixed",
            hint="Leave out one of them.",
        )
    for name, value, least in (
        ("repeats", request.repeats, 1),
        ("sample", request.sample, 2),
        ("seed", request.seed, 0),
    ):
        if value < least:
            raise UsageError(f"--{name} has to be {least} or more.", kind=f"{name}-malformed")
    if not 0.5 <= request.confidence < 1:
        raise UsageError(
            f"--confidence has to be from 0.5 to below 1, not {request.confidence:g}.", kind="confidence-malformed"
        )
    check_name(request.model)
    if request.method == "shap":
        with_shap.require()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
