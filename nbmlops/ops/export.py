"""`export`: a notebook into a pipeline that is proven to compute the same."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import nbformat

from nbmlops import plugins
from nbmlops.dataflow import analyse
from nbmlops.dataflow.chance import find_causes
from nbmlops.dataflow.hidden import HiddenState
from nbmlops.errors import InterruptedRunError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.certificate import Certificate, Verdict
from nbmlops.model.documents import identity
from nbmlops.model.names import slug
from nbmlops.model.notebook import CellKind
from nbmlops.model.pipeline import Pipeline
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.draft import CutElsewhere, Draft
from nbmlops.ops.fields import option, positional
from nbmlops.ops.live_notebook import hidden_state
from nbmlops.ops.local_source import module_source
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.source_notebook import source_notebook
from nbmlops.pipeline import folder as folders
from nbmlops.pipeline.build import Built
from nbmlops.pipeline.document import dump
from nbmlops.pipeline.verify import verify
from nbmlops.ports import Engine

DEFAULT_PARENT = "pipelines"
UNTRACKED = {"NBMLOPS_TRACKING": "off"}


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notebook: Annotated[str, positional("The notebook. In a notebook, by default what this kernel has executed.")] = ""
    output: Annotated[
        str, option("Folder of the pipeline. Default: pipelines/NAME beside the notebook.", short="o", metavar="FOLDER")
    ] = ""
    want: Annotated[tuple[str, ...], option("Keep only what these variables need.", short="w", metavar="NAME")] = ()
    no_verify: Annotated[bool, option("Do not run it to compare; the pipeline gets no certificate.")] = False
    force: Annotated[
        bool, option("Replace a pipeline that was edited by hand; a snapshot of it is kept.", short="f")
    ] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    pipeline: Pipeline
    certificate: Certificate | None
    kept_snapshot: str = ""
    """Of an edited pipeline that was replaced."""
    state: HiddenState = HiddenState()
    """Of a kernel: what its notebook does not show."""

    @property
    def exit_code(self) -> int:
        return 1 if self.certificate is not None and self.certificate.verdict is Verdict.DIVERGES else 0


def export(call: Call, request: Request) -> Result:
    """Raises NotebookError for a notebook that cannot be cut and ConflictError for a folder that is in the way.

    Nothing is written before the notebook was analysed; a failing export leaves what was there.
    """
    project = call.project
    notebook, is_live = source_notebook(call, request.notebook, "export wine.ipynb")
    live = call.session.namespace if is_live else None
    path = Path(notebook.path)
    name = slug(path.stem, "notebook")
    target = call.path(request.output) if request.output else path.parent / DEFAULT_PARENT / name
    if not request.force:
        folders.check_replaceable(target)
    call.progress(Progress(task="analyse", note=path.name))
    flow = analyse(notebook, module_source(path.parent))
    draft = Draft(notebook, flow, request.want, project)
    if live is not None:
        draft.measure_kernel(call.session, live)
    built = draft.build(name, target)
    call.progress(Progress(task="analyse", state="done", note=_told(built)))
    kept = ""
    if request.force and target.exists() and any(target.iterdir()):
        kept = take_data(project, [target], message=f"before export replaced {target.name}").snapshot
    certificate = None
    with folders.new_folder(target) as fresh:
        _write(fresh, built)
        if not request.no_verify:
            while certificate is None:
                try:
                    certificate = _verify(call, built.pipeline, fresh, draft, live)
                except CutElsewhere:
                    built = draft.build(name, target)
                    call.progress(Progress(task="cut", state="done", note=_told(built)))
                    _write(fresh, built)
            built = draft.build(name, target)
            _write(fresh, built)
            certificate = msgspec.structs.replace(certificate, pipeline=identity(built.pipeline))
            folders.write_certificate(fresh, certificate)
    return Result(
        folder=str(target),
        pipeline=built.pipeline,
        certificate=certificate,
        kept_snapshot=kept,
        state=hidden_state(call.session, flow, notebook) if is_live else HiddenState(),
    )


def _told(built: Built) -> str:
    steps = ", ".join(step.name for step in built.pipeline.steps)
    return f"{len(built.pipeline.steps)} steps: {steps}"


def _write(folder: Path, built: Built) -> None:
    shutil.rmtree(folder / "steps", ignore_errors=True)
    folders.write_files(folder, _files(built))


def _files(built: Built) -> dict[str, bytes]:
    files = {
        folders.DOCUMENT: dump(built.pipeline),
        "requirements.txt": built.requirements,
        "README.md": built.readme,
        **{name: nbformat.writes(node) + "\n" for name, node in built.notebooks.items()},
    }
    return {name: text.encode() for name, text in files.items()}


def _verify(call: Call, pipeline: Pipeline, fresh: Path, draft: Draft, live: Mapping[str, Any] | None) -> Certificate:
    notebook = draft.notebook
    causes = find_causes(draft.flow)
    last = {step.name: max(step.cells, default=0) for step in pipeline.steps}

    def tell(task: str, state: str, done: int, total: int | None, note: str) -> None:
        call.progress(Progress(task=task, state=state, done=done, total=total, note=note))

    code = "\0".join(cell.source for cell in notebook.cells if cell.kind is CellKind.CODE)
    engine: Engine = plugins.load(plugins.ENGINES, "local")()
    try:
        engine.prepare([fresh / step.notebook for step in pipeline.steps])
        verification = verify(
            pipeline,
            folder=fresh,
            notebook=Path(notebook.path),
            notebook_digest=digest_bytes(code.encode()),
            root=call.project.root,
            engine=engine,
            environment=UNTRACKED,
            live=live,
            causes=lambda name, step: causes.of(name, last.get(step, 0)),
            tell=tell,
            measuring=draft.measuring,
            stuck=draft.take_stuck,
        )
    except KeyboardInterrupt:
        raise InterruptedRunError(
            "Stopped while verifying; nothing was exported.",
            kind="interrupted",
            hint="Export without verifying: nbmlops export NOTEBOOK --no-verify",
        ) from None
    finally:
        engine.close()
    return verification.certificate
