"""`executed`: the notebook of a run as it was executed, with what it showed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from nbmlops.lib.digest import short
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.lib.redact import MARK, is_secret_name, redact
from nbmlops.model.pipeline import PipelineResult
from nbmlops.model.run import RunView, Tags
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.find_result import find_result
from nbmlops.project import Project
from nbmlops.snapshot.trace import trace_of
from nbmlops.track.lists import find_run


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("Id, the beginning of one, or the name of the newest.")]
    step: Annotated[str, option("Of a pipeline's run: only this step.", short="s", metavar="STEP")] = ""
    output: Annotated[str, option("Write it to this file.", short="o", metavar="FILE")] = ""
    force: Annotated[bool, option("Replace the file.", short="f")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: str
    run_name: str
    step: str
    source: str
    """The notebook that it comes from, relative to the project."""
    cells: int
    """Code cells that were executed."""
    bytes: int
    notebook: dict[str, Any] | None
    """As nbformat has it; None where it was written to a file."""
    output: str = ""
    """The file."""


def executed(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a run that has left none, and ConflictError for a file that is there already.

    Secrets are taken out of code, parameters and text.
    """
    target = call.path(request.output) if request.output else None
    if target is not None and target.exists() and not request.force:
        raise ConflictError(
            f"{target} is there already.", kind="file-exists", hint="Choose another name, or replace it with --force."
        )
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    run = find_run(project.uri, request.run)
    raw, step = _content(project, run, request.step)
    notebook = _without_secrets(raw, run)
    data = json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n"
    if target is not None:
        with refusing_disk_errors(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, data)
    return Result(
        run=run.id,
        run_name=run.name,
        step=step,
        source=run.tags.get(Tags.NOTEBOOK, ""),
        cells=sum(1 for cell in notebook["cells"] if cell.get("execution_count")),
        bytes=len(data),
        notebook=notebook if target is None else None,
        output=str(target) if target is not None else "",
    )


def _content(project: Project, run: RunView, wanted: str) -> tuple[bytes, str]:
    """The notebook's bytes, and the step that it is of."""
    is_of_pipeline = Tags.RESULT in run.tags or Tags.STEP in run.tags
    if wanted and not is_of_pipeline:
        raise UsageError(
            f"Run {run.name} is none of a pipeline: it has no steps.", kind="step-missing", hint="Leave --step out."
        )
    if is_of_pipeline:
        step = wanted or run.tags.get(Tags.STEP, "")
        found = _of_result(find_result(project, run.id), step)
        if found is not None:
            return found, step
        if wanted:
            raise _nothing(run, f"step {wanted} of run {run.name}")
    return _of_trace(project, run), run.tags.get(Tags.STEP, "")


def _of_result(result: PipelineResult, step: str) -> bytes | None:
    """What the run has left in its folder; None where that is gone."""
    path = result.notebook
    if step:
        known = {each.step: each for each in result.steps}
        if step not in known:
            raise NotFoundError(
                f"Run {result.name} has no step {step}.",
                kind="step-missing",
                hint=f"It has: {', '.join(known)}.",
            )
        path = known[step].notebook
    try:
        return Path(path).read_bytes() if path else None
    except OSError:
        return None


def _of_trace(project: Project, run: RunView) -> bytes:
    try:
        digest = trace_of(run, project.objects).executed
        return project.objects.read(digest)
    except NotFoundError:
        raise _nothing(run, f"run {run.name}") from None


def _nothing(run: RunView, what: str) -> NotFoundError:
    return NotFoundError(
        f"Nothing is kept of how {what} was executed.",
        kind="executed-missing",
        hint=f"See what it has: nbmlops show {short(run.id)}",
        run=run.id,
    )


def _without_secrets(raw: bytes, run: RunView) -> dict[str, Any]:
    try:
        notebook: dict[str, Any] = json.loads(raw)
        for cell in notebook["cells"]:
            cell["source"] = redact(_joined(cell["source"]))
            for output in cell.get("outputs", ()):
                _clean(output)
        parameters = notebook.get("metadata", {}).get("papermill", {}).get("parameters", {})
        parameters.update((name, MARK) for name in parameters if is_secret_name(name))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(
            f"The executed notebook of run {run.name} is damaged.",
            kind="executed-damaged",
            hint="Look for what else is: nbmlops verify",
        ) from error
    return notebook


def _clean(output: dict[str, Any]) -> None:
    if "text" in output:
        output["text"] = redact(_joined(output["text"]))
    if "traceback" in output:
        output["traceback"] = [redact(str(line)) for line in output["traceback"]]
        output["evalue"] = redact(str(output.get("evalue", "")))
    data = output.get("data", {})
    data.update((kind, redact(_joined(text))) for kind, text in data.items() if kind.startswith("text/"))


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)
