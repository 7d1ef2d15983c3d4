"""One step by itself, as engines execute it that only start commands in containers: Kubeflow Pipelines, Tekton.

    python -m nbmlops.pipeline.standalone --project /project --pipeline pipelines/wine --workspace /workspace \
        --step train --run wine-x7k2p -p trees=50

The project (a folder of the image) is copied into the workspace by whichever step comes first; all steps of a run work
in that copy, so relative paths and files mean what they mean at home. What flows between steps, executed notebooks and
results lie beside it, in `work`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nbmlops.errors import NbmlopsError, NotFoundError
from nbmlops.lib.files import write_atomic
from nbmlops.lib.stop import Stop
from nbmlops.model.documents import identity
from nbmlops.model.pipeline import Pipeline, Step, StepResult, StepState
from nbmlops.model.run import Tags
from nbmlops.model.run_plan import VARIABLE, RunPlan
from nbmlops.pipeline import workspace
from nbmlops.pipeline.attempts import LONGEST_WAIT
from nbmlops.pipeline.engines.process import run_step
from nbmlops.pipeline.execute import Places, specification
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.needs import missing_secrets
from nbmlops.pipeline.page import Pages, page_of
from nbmlops.pipeline.parameters import defaults, values
from nbmlops.ports import StepProgress

PROJECT, WORK = "project", "work"
EXPERIMENT = "NBMLOPS_EXPERIMENT"
PATIENCE_SECONDS = 900.0
"""Until a step's model is in MLflow: nothing goes on beside a container that ends."""


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        return _main(asked)
    except NbmlopsError as error:
        print(f"nbmlops: {error}", file=sys.stderr)  # noqa: T201 - a pod's log is where people look
        return 1


def _main(asked: argparse.Namespace) -> int:
    root = Path(asked.workspace)
    provide(Path(asked.project), root / PROJECT)
    folder = root / PROJECT / asked.pipeline
    pipeline = read_pipeline(folder)
    step = _step(pipeline, asked.step)
    chosen = {**defaults(pipeline), **values(pipeline, asked.param)}
    places = Places(pipeline=folder, folder=(folder / pipeline.folder).resolve(), work=root / WORK)
    stop = Stop()
    if asked.again:
        stop.wait(min(step.backoff * 2 ** (asked.again - 1), LONGEST_WAIT))
    missing = missing_secrets(step)
    if missing:
        result = StepResult(
            step=step.name, state=StepState.FAILED, error=f"the environment variable {missing[0]} is not set"
        )
    else:
        # What whoever deploys has set for the container wins over the file.
        env = {name: os.environ.get(name, value) for name, value in step.env.items()}
        step = msgspec.structs.replace(step, env=env)
        is_tracked = bool(os.environ.get("MLFLOW_TRACKING_URI"))
        spec = specification(pipeline, step, places, chosen, _told(pipeline, step, asked.run), is_tracked=is_tracked)
        result = run_step(spec, _say, stop)
    _leave(result, root, asked)
    if result.error:
        print(f"{step.name}: {result.error}", file=sys.stderr)  # noqa: T201
    return 0 if result.state is StepState.DONE else 1


def _told(pipeline: Pipeline, step: Step, run: str) -> dict[str, str]:
    """What the step's run in MLflow is, and whose it is."""
    experiment = os.environ.get(EXPERIMENT) or pipeline.name
    tags = {Tags.STEP: step.name, Tags.PIPELINE: identity(pipeline)}
    tags |= {Tags.ORCHESTRATED: run} if run else {}
    plan = RunPlan(name=step.name, kind="step", experiment=experiment, tags=tags, patience=PATIENCE_SECONDS)
    return {EXPERIMENT: experiment, VARIABLE: plan.to_variable()}


def provide(source: Path, target: Path) -> None:
    """A copy of the project, made once. Steps that come at the same time each make one; the first one counts."""
    if target.is_dir():
        return
    if not source.is_dir():
        raise NotFoundError(
            f"There is no project in {source}.",
            kind="project-missing",
            hint="Copy the project into the image there, or name its folder with --project.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        workspace.copy(source, fresh / "copy")
        try:
            os.rename(fresh / "copy", target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _step(pipeline: Pipeline, name: str) -> Step:
    for step in pipeline.steps:
        if step.name == name:
            return step
    raise NotFoundError(
        f"Pipeline {pipeline.name} has no step {name!r}.",
        kind="step-missing",
        hint=f"It has: {', '.join(step.name for step in pipeline.steps)}.",
    )


def _say(progress: StepProgress) -> None:
    print(f"{progress.step}: cell {progress.cell + 1} of {progress.total}: {progress.preview}", flush=True)  # noqa: T201


def _leave(result: StepResult, root: Path, asked: argparse.Namespace) -> None:
    """The result beside the others; notebook and page also where the engine collects them."""
    write_atomic(root / WORK / "results" / f"{result.step}.json", msgspec.json.encode(result))
    notebook = Path(result.notebook)
    if not result.notebook or not notebook.is_file():
        return
    with Pages() as pages:
        pages.make(notebook)
    for target, source in ((asked.keep_notebook, notebook), (asked.keep_page, page_of(notebook))):
        if target and source.is_file():
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nbmlops.pipeline.standalone", description="Execute one step.")
    parser.add_argument("--project", default="/project", help="folder of the project in the image")
    parser.add_argument("--pipeline", required=True, help="folder of the pipeline in the project")
    parser.add_argument("--workspace", required=True, help="folder that all steps of a run share")
    parser.add_argument("--step", required=True)
    parser.add_argument("--run", default="", help="id of the run; the step's run in MLflow has it as a tag")
    parser.add_argument("-p", "--param", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--again", type=int, default=0, help="how often it has failed already: then it waits first")
    parser.add_argument("--keep-notebook", default="", help="where the executed notebook is to be left as well")
    parser.add_argument("--keep-page", default="", help="where its page is to be left as well")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
