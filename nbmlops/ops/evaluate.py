"""`evaluate`: how good a model is on data that it has not seen, and whether that is enough.

evaluate wine:v2 --data holdout.csv
evaluate tuned --data data/test.csv --against champion --gate gate.yaml --promote champion
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.evaluation import Data, Evaluation
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.promote import check_alias, check_name

if TYPE_CHECKING:
    from nbmlops.evaluate.gate import Gate
    from nbmlops.evaluate.metrics import Answers
    from nbmlops.ops.evaluated_model import Candidate
    from nbmlops.ops.evaluation_answers import Said
    from nbmlops.ops.evaluation_data import Source

CONFIDENCE = 0.95
NOT_PASSED = 1


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ref: Annotated[
        str, positional("A package, a run, runs:/ID/model, models:/wine@champion, or with --model an alias.")
    ]
    data: Annotated[
        str,
        option(
            "The table: a file (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, or an address.",
            short="d",
            metavar="DATA",
        ),
    ] = ""
    target: Annotated[
        str, option("Column of the true values. Default: the one that the model does not take.", metavar="NAME")
    ] = ""
    against: Annotated[
        str, option("Another model on the same rows; `champion`: the registered model's alias.", metavar="REF")
    ] = ""
    gate: Annotated[str, option("Rules that have to be met; exit code 1 if one is not.", short="g", metavar="FILE")] = (
        ""
    )
    slice: Annotated[
        tuple[str, ...],
        option("Column whose values are looked at one by one. Default: all that can be.", metavar="NAME"),
    ] = ()
    metric: Annotated[str, option("Metric of the slices. Default: accuracy, or mae.", metavar="NAME")] = ""
    promote: Annotated[str, option("Alias that the model gets if it passes.", metavar="ALIAS")] = ""
    model: Annotated[str, option("The registered model. Default: the run's experiment.", short="m", metavar="NAME")] = (
        ""
    )
    output: Annotated[str, option("Write the report there, as HTML.", short="o", metavar="FILE")] = ""
    task: Annotated[Literal["", "classification", "regression"], option("What it is. Default: as the model is.")] = ""
    positive: Annotated[str, option("Of two labels the one that is looked for. Default: the second.")] = ""
    confidence: Annotated[float, option("Of the intervals.", metavar="SHARE")] = CONFIDENCE
    seed: Annotated[int, option("Of the samples that intervals are made from.", metavar="N")] = 0
    trust: Annotated[bool, option("Load a package's model although nobody you trust has signed it.")] = False
    no_track: Annotated[bool, option("Leave no run in MLflow.")] = False


class Result(Evaluation, frozen=True, kw_only=True):
    run: str = ""
    """The evaluation's own run in MLflow; empty: none was made."""
    report: str = ""
    """The file that was asked for."""
    promoted: str = ""
    """The address that means this model now: `models:/wine@champion`."""
    version: str = ""
    before: str = ""
    """The version that had the alias when this began."""

    @property
    def exit_code(self) -> int:
        return NOT_PASSED if self.passed is False else 0


def evaluate(call: Call, request: Request) -> Result:
    """Never fails for a gate that is not passed: the result says so, and the exit code.

    Raises UsageError for data that the model cannot take, a target that is not clear and a gate that is none,
    NotFoundError for a model or data that are not there, StateError for a package whose model is not trusted,
    ConflictError where an alias that is to be given has been moved meanwhile.
    """
    return evaluated(call, request, may_be_first=False)


def evaluated(call: Call, request: Request, *, may_be_first: bool) -> Result:
    """Raises as `evaluate` does. `may_be_first`: where there is no other model yet, nothing is compared with."""
    from nbmlops.evaluate.gate import load

    _check(request)
    gate = load(call.path(request.gate)) if request.gate else None
    if gate is not None and gate.compares and not request.against:
        raise UsageError(
            f"{gate.place} compares with another model.", kind="against-missing", hint="Name it: --against champion"
        )
    with tempfile.TemporaryDirectory(prefix="nbmlops-evaluate-") as name:
        found, candidate, source = _evaluated(call, request, gate, Path(name), may_be_first)
    call.progress(Progress(task="evaluate", state="failed" if found.passed is False else "done"))
    if request.output:
        from nbmlops.evaluate.report import report

        path = call.path(request.output)
        with refusing_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, report(found))
        found = msgspec.structs.replace(found, report=str(path))
    if not request.no_track:
        from nbmlops.ops.evaluation_run import record

        found = msgspec.structs.replace(found, run=record(call, found, source, request))
    return _promoted(call, request, found, candidate) if request.promote and found.passed is not False else found


def _evaluated(
    call: Call, request: Request, gate: Gate | None, scratch: Path, may_be_first: bool
) -> tuple[Result, Candidate, Source]:
    from nbmlops.evaluate.validate import check, label_notes, target_of
    from nbmlops.ops import evaluation_answers as answering
    from nbmlops.ops.evaluated_model import find_candidate
    from nbmlops.ops.evaluation_data import find_data, read_table

    source = find_data(call, request.data, _made(scratch / "data"))
    candidate = find_candidate(call, _ref(call, request), _made(scratch / "model"), is_trusted=request.trust)
    before = _held(call, request, candidate)
    other = _other(call, request, candidate, scratch, may_be_first or request.against == request.promote)
    every = [candidate] if other is None else [candidate, other]
    table = read_table(source, [column for each in every for column in each.columns])
    table.columns = [str(each) for each in table.columns]
    target = target_of(list(table.columns), candidate.columns, request.target, source.place)
    for name in request.slice:
        if name not in table.columns:
            raise UsageError(
                f"{source.place} has no column {name!r}.",
                kind="slice-missing",
                hint=f"It has {', '.join(table.columns)}.",
            )
    checked = check(table, target, candidate.columns, source.place)
    if other is not None:
        check(table, target, other.columns, source.place)
    table = checked.table
    truth = table[target].to_numpy()
    call.progress(Progress(task="evaluate", note=f"{len(table):,} rows"))
    said = [answering.ask(each.load(), table, target) for each in every]
    task = answering.task_of(said[0], truth, request.task)
    notes = list(checked.notes)
    classes: tuple[Any, ...] = ()
    answers: list[Answers]
    if task == answering.REGRESSION:
        answers = [
            answering.numbers(each, truth, model.told.name, source.place, target)
            for each, model in zip(said, every, strict=True)
        ]
    else:
        true = answering.plain_values(truth)
        classes = answering.known_classes(said, true, request.positive)
        _check_labels(true, said[0], source.place, target)
        notes += label_notes(true, said[0].classes or classes)
        answers = [answering.labels(each, true, classes) for each in said]
    told = [
        msgspec.structs.replace(model.told, estimator=each.estimator, milliseconds=each.milliseconds)
        for model, each in zip(every, said, strict=True)
    ]
    data = Data(
        place=source.place,
        digest=source.digest,
        bytes=source.bytes,
        rows=len(table),
        left_out=checked.left_out,
        target=target,
        notes=tuple(notes),
    )
    head = {"model": told[0], "against": told[1] if other is not None else None, "data": data, "task": task}
    judged = _judged(call, request, gate, table, answers, classes, head)
    return msgspec.structs.replace(judged, before=before), candidate, source


def _judged(
    call: Call,
    request: Request,
    gate: Gate | None,
    table: Any,
    answers: list[Answers],
    classes: tuple[Any, ...],
    head: dict[str, Any],
) -> Result:
    from nbmlops.evaluate import bootstrap, slices
    from nbmlops.evaluate.calibration import calibration
    from nbmlops.evaluate.gate import decide
    from nbmlops.evaluate.judge import judge
    from nbmlops.evaluate.metrics import ACCURACY, MAE, MOST_RANKED, Classified, Regressed
    from nbmlops.evaluate.mistakes import confusion, residuals

    own, other = answers[0], answers[1] if len(answers) == 2 else None
    rows = len(own.truth)
    samples = bootstrap.samples_for(rows, max(1, min(len(classes), MOST_RANKED)) * len(answers))
    judged = judge(
        own,
        other,
        confidence=request.confidence,
        samples=samples,
        seed=request.seed,
        told=lambda done: call.progress(Progress(task="evaluate", done=done, total=samples, note=f"{rows:,} rows")),
    )
    rule = gate.slices if gate is not None else None
    metric = request.metric or (rule.metric if rule is not None else "") or (MAE if not classes else ACCURACY)
    if metric not in {each.name for each in judged.metrics} or metric == "ece":
        raise UsageError(
            f"There is no metric {metric!r} of slices here.",
            kind="metric-missing",
            hint=f"There are {', '.join(each.name for each in judged.metrics if each.name != 'ece')}.",
        )
    least = rule.min_rows if rule is not None and rule.min_rows is not None else slices.MIN_ROWS
    names = request.slice or tuple(name for name in table.columns if name != head["data"].target)
    parts = slices.parts(table, names, is_named=bool(request.slice), min_rows=least)
    found = Result(
        **head,
        confidence=request.confidence,
        resamples=samples,
        metrics=judged.metrics,
        slices=slices.measured(parts, own, other, metric, confidence=request.confidence, seed=request.seed),
        calibration=calibration(own, str(classes[-1])) if isinstance(own, Classified) else None,
        confusion=confusion(own, classes) if isinstance(own, Classified) else None,
        residuals=residuals(own) if isinstance(own, Regressed) else None,
    )
    if gate is None:
        return found

    def loss(each: Any, confidence: float) -> float | None:
        part = next(part for part in parts if (part.column, part.value) == (each.column, each.value))
        assert other is not None
        return slices.loss_bound(part, own, other, metric, confidence=confidence, seed=request.seed)

    rules = decide(gate, found, judged.improvement, loss)
    return msgspec.structs.replace(found, gate=rules, passed=all(each.passed for each in rules))


def _ref(call: Call, request: Request) -> str:
    """With --model, a bare word may be an alias of it."""
    from nbmlops.ops.evaluated_model import aliased

    return (aliased(call, request.ref, request.model) if request.model else "") or request.ref


def _other(call: Call, request: Request, candidate: Candidate, scratch: Path, may_be_first: bool) -> Candidate | None:
    """None where the alias that is to be given has not been given yet: then there is nothing to compare with."""
    from nbmlops.ops.evaluated_model import aliased, find_candidate

    if not request.against:
        return None
    address = aliased(call, request.against, request.model or candidate.registered) or request.against
    try:
        return find_candidate(call, address, _made(scratch / "against"), is_trusted=request.trust)
    except NotFoundError as error:
        if may_be_first and error.kind == "model-missing":
            return None
        raise


def _held(call: Call, request: Request, candidate: Candidate) -> str:
    """The version that has the alias which is to be given. Raises UsageError for a model that cannot be given any."""
    if not request.promote:
        return ""
    if candidate.logged is None:
        raise UsageError(
            f"{request.ref} is no model of this project's MLflow: it cannot be given an alias.",
            kind="promote-unknown",
            hint="Evaluate the run that made it.",
        )
    from nbmlops.track.edit import version_called

    return version_called(call.project.uri, request.model or candidate.registered, request.promote)


def _promoted(call: Call, request: Request, found: Result, candidate: Candidate) -> Result:
    """Raises ConflictError where somebody else has moved the alias meanwhile: with that one it was not compared."""
    from nbmlops.track.edit import promote, version_called

    assert candidate.logged is not None
    name = request.model or candidate.registered
    address = f"models:/{name}@{request.promote}"
    now = version_called(call.project.uri, name, request.promote)
    if now != found.before:
        raise ConflictError(
            f"{address} has become version {now or 'none'} while {request.ref} was evaluated; it stays that.",
            kind="alias-moved",
            hint="Evaluate again.",
            version=now,
            before=found.before,
        )
    done = promote(call.project.uri, candidate.logged, name, request.promote)
    return msgspec.structs.replace(found, promoted=address, version=done.version)


def _check(request: Request) -> None:
    if not 0.5 <= request.confidence < 1:
        raise UsageError(
            f"--confidence has to be from 0.5 to below 1, not {request.confidence:g}.", kind="confidence-malformed"
        )
    if request.seed < 0:
        raise UsageError("--seed has to be 0 or more.", kind="seed-malformed")
    check_name(request.model)
    if request.promote:
        check_alias(request.promote)
        if not request.gate:
            raise UsageError(
                "Without a gate there is nothing to pass.",
                kind="gate-missing",
                hint="Name one with --gate FILE, or promote as it is: nbmlops promote RUN ALIAS",
            )


def _check_labels(truth: list[Any], said: Said, place: str, target: str) -> None:
    from nbmlops.evaluate.validate import named

    if said.classes and not set(said.classes) & set(truth):
        raise UsageError(
            f"No label of {target} in {place} is one that the model knows.",
            kind="target-types",
            hint=f"It knows {named(said.classes)}; there are {named(list(dict.fromkeys(truth)))}.",
        )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
