"""A slice as a notebook of its own: the kept cells as they are, with the headings above them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat

from nbmlops.lib.stop import Stop
from nbmlops.model.dataflow import Flow, Slice
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.model.pipeline import StepState
from nbmlops.pipeline import workspace
from nbmlops.ports import Engine, StepSpec


def slice_notebook(notebook: Notebook, flow: Flow, slice: Slice) -> nbformat.NotebookNode:
    """Of a dropped cell whose imports or definitions are used, only these are there."""
    texts = {cell.index: cell.source for cell in flow.cells if cell.index in slice.cells}
    for statement in flow.statements:
        if statement.cell not in slice.cells and (statement.cell, statement.position) in slice.shared:
            before = texts.get(statement.cell, "")
            text = statement.source.strip("\n")
            texts[statement.cell] = f"{before}\n{text}" if before else text
    cells = []
    above: list[NotebookCell] = []
    for cell in notebook.cells:
        if cell.kind is CellKind.MARKDOWN:
            above.append(cell)
        elif cell.kind is CellKind.CODE:
            if cell.index in texts:
                cells += [_made(each, each.source) for each in above]
                cells.append(_made(cell, texts[cell.index]))
            above = []
    node = nbformat.v4.new_notebook(cells=_with_own_ids(cells))
    node.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": notebook.kernel, "display_name": notebook.kernel, "language": "python"},
            "language_info": {"name": "python"},
        }
    )
    return node


def try_out(
    node: nbformat.NotebookNode,
    notebook: Path,
    root: Path,
    engine: Engine,
    environment: Mapping[str, str],
    kernel: str,
) -> str:
    """Execute in a clean kernel, in a copy of the project where that is small; what went wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="nbmlops-slice-") as name:
        scratch = Path(name)
        folder = notebook.parent
        if notebook.is_relative_to(root) and workspace.is_small(root):
            workspace.copy(root, scratch / "project")
            folder = scratch / "project" / notebook.parent.relative_to(root)
        nbformat.write(node, scratch / "slice.ipynb")
        spec = StepSpec(
            step="slice",
            notebook=str(scratch / "slice.ipynb"),
            output=str(scratch / "executed.ipynb"),
            folder=str(folder),
            kernel=kernel,
            environment=dict(environment),
            is_tracked=False,
        )
        result = engine.run(spec, lambda progress: None, Stop())
    return "" if result.state is StepState.DONE else result.error


def _made(cell: NotebookCell, text: str) -> nbformat.NotebookNode:
    make = nbformat.v4.new_code_cell if cell.kind is CellKind.CODE else nbformat.v4.new_markdown_cell
    made = make(text, id=cell.id)
    if cell.tags:
        made.metadata["tags"] = list(cell.tags)
    return made


def _with_own_ids(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """A cell that ran twice is there twice."""
    seen: set[str] = set()
    for number, cell in enumerate(cells):
        if cell.id in seen:
            cell.id = f"cell-{number + 1}"
        seen.add(cell.id)
    return cells
