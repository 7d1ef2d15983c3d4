"""A step of a pipeline in front of its run's model, where the run's package is laid out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from nbmlops.errors import ExternalError, StateError
from nbmlops.model.run import RunView, Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.find_result import find_result
from nbmlops.ops.raw_rows.wrap import Order, Outcome
from nbmlops.ops.run_kitfile import MODEL
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.selection import check_step
from nbmlops.project import Project

_SECONDS = 1800.0


def put_in_front(call: Call, project: Project, run: RunView, step: str, folder: Path) -> Outcome:
    """The model below `folder` takes what the step takes from then on.

    Raises StateError for a run of no pipeline and for a step that cannot stand there, with the reason; UsageError for a
    step that there is not; ExternalError where the proof does not end well.
    """
    if Tags.RESULT not in run.tags:
        raise StateError(
            f"Run {run.name} is none of a pipeline: it has no steps.",
            kind="transform-without-run",
            hint="Export the notebook, run the pipeline, and pack that.",
        )
    found = find_result(project, run.id)
    source = project.absolute(found.source)
    pipeline = read_pipeline(source)
    check_step(pipeline, step)
    wanted = next(each for each in pipeline.steps if each.name == step)
    call.progress(Progress(task=f"step {step}", note="held against what the run has computed"))
    with tempfile.TemporaryDirectory(prefix="nbmlops-transform-") as place:
        outcome_file = Path(place) / "outcome.json"
        empty = Path(place) / "empty"
        empty.mkdir()
        order = Order(
            step=step,
            notebook=str(source / wanted.notebook),
            takes=tuple((each.name, each.step) for each in wanted.takes),
            gives=tuple(name for each in wanted.gives for name in each.names),
            parameters={name: found.parameters[name] for name in wanted.parameters if name in found.parameters},
            names=wanted.parameters,
            handoff=str(Path(found.folder) / "handoff"),
            model=str(folder / MODEL),
            modules=str(folder),
            outcome=str(outcome_file),
        )
        done = subprocess.run(
            [sys.executable, "-P", "-m", "nbmlops.ops.raw_rows.wrap"],
            input=msgspec.json.encode(order),
            capture_output=True,
            cwd=empty,
            timeout=_SECONDS,
            check=False,
        )
        if not outcome_file.is_file():
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise ExternalError(
                f"Step {step} could not be tried in front of the model: {told[-1] if told else 'it does not say why'}",
                kind="transform-failed",
                hint="Pack it without --transform.",
            )
        outcome = msgspec.json.decode(outcome_file.read_bytes(), type=Outcome)
    if outcome.problem:
        raise StateError(outcome.problem, kind=outcome.kind, hint=outcome.hint)
    note = f"takes {', '.join(outcome.columns)}; the same on {outcome.rows} rows"
    call.progress(Progress(task=f"step {step}", state="done", note=note))
    return outcome
