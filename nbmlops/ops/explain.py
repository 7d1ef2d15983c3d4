"""`explain`: why a cell stays or goes, what it needs and who needs it; and what a kernel holds that nobody sees."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.dataflow import analyse, cut
from nbmlops.dataflow.explain import CellStory
from nbmlops.dataflow.explain import explain as stories_of
from nbmlops.dataflow.hidden import HiddenState
from nbmlops.errors import NotFoundError
from nbmlops.model.notebook import Notebook
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.live_notebook import hidden_state
from nbmlops.ops.local_source import module_source
from nbmlops.ops.source_notebook import source_notebook

_COUNT = re.compile(r"\[(\d+)\]")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notebook: Annotated[str, positional("The notebook. In a notebook, by default what this kernel has executed.")] = ""
    cell: Annotated[
        str,
        positional("Only this cell: its number from 1, its id, or [n] of its execution. Default: all, a line each."),
    ] = ""
    want: Annotated[tuple[str, ...], option("As if only these variables mattered.", short="w", metavar="NAME")] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """Of the notebook."""
    cells: tuple[CellStory, ...]
    """All code cells, or the one that was asked for."""
    is_one: bool = False
    is_live: bool = False
    state: HiddenState = HiddenState()
    """Of a kernel: what its notebook does not show."""


def explain(call: Call, request: Request) -> Result:
    """Raises NotFoundError for an unknown cell or name, NotebookError for a cell that is not Python."""
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
