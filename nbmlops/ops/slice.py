"""`slice`: the cells that some variables need, each with the reason; as a notebook that is proven to run."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import msgspec
import nbformat

from nbmlops import plugins
from nbmlops.dataflow import analyse, cut
from nbmlops.dataflow.explain import CellStory, explain
from nbmlops.errors import CellFailedError, ConflictError
from nbmlops.lib.files import write_atomic
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.export import UNTRACKED
from nbmlops.ops.fields import option, positional
from nbmlops.ops.local_source import module_source
from nbmlops.ops.source_notebook import source_notebook
from nbmlops.pipeline.slicing import slice_notebook, try_out


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notebook: Annotated[str, positional("The notebook. In a notebook, by default what this kernel has executed.")] = ""
    want: Annotated[
        tuple[str, ...], option("A variable that matters. Default: what export keeps.", short="w", metavar="NAME")
    ] = ()
    output: Annotated[
        str, option("Write the slice as a notebook, after executing it in a clean kernel.", short="o", metavar="FILE")
    ] = ""
    no_verify: Annotated[bool, option("Do not execute it before it is written.")] = False
    force: Annotated[bool, option("Replace the file.", short="f")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """Of the notebook."""
    want: tuple[str, ...]
    cells: tuple[CellStory, ...]
    """All code cells: which stay, and why."""
    file: str = ""
    """The slice, where it was written."""
    is_verified: bool = False
    """It has been executed from top to bottom in a clean kernel."""


def slice(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a name that the notebook never binds, ConflictError for a file that is in the way and
    CellFailedError for a slice that does not run; then nothing is written."""
    notebook, _ = source_notebook(call, request.notebook, "slice wine.ipynb --want model")
    source = Path(notebook.path)
    target = call.path(request.output) if request.output else None
    if target is not None and ((target.exists() and not request.force) or target == source):
        raise ConflictError(
            f"{target} is there already.",
            kind="file-exists",
            hint="Name another file." if target == source else "Name another file, or replace it with --force.",
        )
    flow = analyse(notebook, module_source(source.parent))
    chosen = cut(flow, request.want)
    if target is not None:
        node = slice_notebook(notebook, flow, chosen)
        if not request.no_verify:
            call.progress(Progress(task="slice", note="executing it in a clean kernel"))
            with contextlib.closing(plugins.load(plugins.ENGINES, "local")()) as engine:
                problem = try_out(node, source, call.project.root, engine, UNTRACKED, notebook.kernel)
            call.progress(Progress(task="slice", state="failed" if problem else "done", note=problem))
            if problem:
                raise CellFailedError(
                    f"The slice does not run: {problem}",
                    kind="slice-fails",
                    hint="Does the notebook itself run from the top? Write the slice anyway with --no-verify.",
                )
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, f"{nbformat.writes(node)}\n".encode())
    return Result(
        path=notebook.path,
        want=request.want,
        cells=explain(flow, chosen),
        file=str(target) if target is not None else "",
        is_verified=target is not None and not request.no_verify,
    )
