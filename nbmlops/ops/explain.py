"""`explain`: why a cell stays or goes, what it needs and who needs it; and what a kernel holds that nobody sees.

With `--data`, which columns a model's answers come from (explain_model.py).
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from nbmlops.dataflow import analyse, cut
from nbmlops.dataflow.explain import CellStory
from nbmlops.dataflow.explain import explain as stories_of
from nbmlops.dataflow.hidden import HiddenState
from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.notebook import Notebook
from nbmlops.ops import explain_model
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.live_notebook import hidden_state
from nbmlops.ops.local_source import module_source
from nbmlops.ops.source_notebook import source_notebook

_COUNT = re.compile(r"\[(\d+)\]")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notebook: Annotated[
        str,
        positional(
            "The notebook. In a notebook, by default what this kernel has executed. With --data a model: a package,"
            " a run, models:/wine@champion, or with --model an alias.",
            metavar="NOTEBOOK|MODEL",
        ),
    ] = ""
    cell: Annotated[
        str,
        positional("Only this cell: its number from 1, its id, or [n] of its execution. Default: all, a line each."),
    ] = ""
    want: Annotated[tuple[str, ...], option("As if only these variables mattered.", short="w", metavar="NAME")] = ()
    data: Annotated[
        str,
        option(
            "Explain a model on this table: a file (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, or an address.",
            short="d",
            metavar="DATA",
        ),
    ] = ""
    target: Annotated[
        str, option("Column of the true values. Default: the only one that the model does not take.", metavar="NAME")
    ] = ""
    row: Annotated[
        tuple[int, ...],
        option(
            "Explain this row of the table, from 1. Default: the three that the model is least sure of.", metavar="N"
        ),
    ] = ()
    of: Annotated[
        str, option("The class whose probability is explained. Default: the predicted one.", metavar="CLASS")
    ] = ""
    method: Annotated[
        Literal["auto", "light", "shap"],
        option("How rows are explained. Default: SHAP for trees and linear models, if it is installed."),
    ] = "auto"
    metric: Annotated[
        str, option("What a column's importance is the loss of. Default: accuracy, or mae.", metavar="NAME")
    ] = ""
    group: Annotated[
        tuple[str, ...],
        option("Columns to take as one: a,b. Default: those that move together; `none`.", metavar="NAMES"),
    ] = ()
    repeats: Annotated[int, option("How often each column is shuffled.", metavar="N")] = 10
    sample: Annotated[int, option("Rows that are shuffled at most.", metavar="N")] = 5000
    confidence: Annotated[float, option("Of the intervals.", metavar="SHARE")] = 0.95
    seed: Annotated[int, option("Of samples and shuffles.", metavar="N")] = 0
    task: Annotated[Literal["", "classification", "regression"], option("What it is. Default: as the model is.")] = ""
    model: Annotated[str, option("The registered model. Default: the run's experiment.", short="m", metavar="NAME")] = (
        ""
    )
    output: Annotated[str, option("Write the report on the model there, as HTML.", short="o", metavar="FILE")] = ""
    trust: Annotated[bool, option("Load a package's model although nobody you trust has signed it.")] = False
    no_track: Annotated[bool, option("Leave no run of the explanation in MLflow.")] = False


_PLAIN = Request()
_OF_MODELS = tuple(name for name in Request.__struct_fields__ if name not in ("notebook", "cell", "want", "data"))


class Result(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """Of the notebook."""
    cells: tuple[CellStory, ...]
    """All code cells, or the one that was asked for."""
    is_one: bool = False
    is_live: bool = False
    state: HiddenState = HiddenState()
    """Of a kernel: what its notebook does not show."""


def explain(call: Call, request: Request) -> Result | explain_model.Result:
    """Raises NotFoundError for an unknown cell or name, NotebookError for a cell that is not Python. With data, what
    `explain_model` gives and raises.
    """
    if request.data:
        return explain_model.explain_model(call, request)
    if named := [name for name in _OF_MODELS if getattr(request, name) != getattr(_PLAIN, name)]:
        raise UsageError(
            f"--{named[0].replace('_', '-')} is about a model, and no data are named.",
            kind="data-missing",
            hint="As in: nbmlops explain models:/wine@champion --data holdout.csv",
        )
    return _of_notebook(call, request)


def _of_notebook(call: Call, request: Request) -> Result:
    name, wanted = request.notebook, request.cell
    if call.has_session and name and not wanted and not name.endswith(".ipynb") and not call.path(name).exists():
        name, wanted = "", name  # in a notebook, `explain 3` is about its own cell
    notebook, is_live = source_notebook(call, name, "explain wine.ipynb 3")
    flow = analyse(notebook, module_source(Path(notebook.path).parent), is_lenient=True)
    counts = {cell.index: cell.count for cell in notebook.cells}
    stories = tuple(
        msgspec.structs.replace(story, count=counts[story.cell]) for story in stories_of(flow, cut(flow, request.want))
    )
    if wanted:
        return Result(
            path=notebook.path, cells=(_find(stories, wanted, notebook, is_live),), is_one=True, is_live=is_live
        )
    state = hidden_state(call.session, flow, notebook) if is_live else HiddenState()
    return Result(path=notebook.path, cells=stories, is_live=is_live, state=state)


def _find(stories: tuple[CellStory, ...], wanted: str, notebook: Notebook, is_live: bool) -> CellStory:
    """In a kernel a plain number means an execution, as the front end shows it; in a file the cell of that number."""
    count = _COUNT.fullmatch(wanted)
    number = int(count[1]) if count else int(wanted) if wanted.isdecimal() else None
    for story in reversed(stories):
        if count or (is_live and number is not None):
            if story.count == number:
                return story
        elif story.cell + 1 == number or story.id == wanted:
            return story
    if number is not None and not count and 0 < number <= len(notebook.cells) and not is_live:
        raise NotFoundError(
            f"Cell {number} of {Path(notebook.path).name} is no code cell.",
            kind="cell-not-found",
            hint="List the code cells: nbmlops explain NOTEBOOK",
            cell=wanted,
        )
    near = difflib.get_close_matches(wanted, [story.id for story in stories], n=1)
    raise NotFoundError(
        f"{Path(notebook.path).name} has no cell {wanted}.",
        kind="cell-not-found",
        hint=f"Did you mean {near[0]}?" if near else "List the code cells: nbmlops explain NOTEBOOK",
        cell=wanted,
    )
