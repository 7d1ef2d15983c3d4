"""Of a step's notebook, the code that one of its results needs."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nbmlops.dataflow import analyse, cut
from nbmlops.errors import NotebookError
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.pipeline.plain_code import parsed
from nbmlops.pipeline.slicing import slice_notebook

_SETTING = ("parameters", "typed")
_CARRYING = ("takes", "gives")


class StepCode(msgspec.Struct, frozen=True, kw_only=True):
    setting: str
    """Gives its parameters their values."""
    cells: tuple[str, ...]
    """Definitions and the step's own cells, in order."""


def step_code(path: Path) -> StepCode:
    """Raises NotebookError for a cell that is no plain Python: magics are not there where a model is served."""
    import nbformat

    setting: list[str] = []
    cells: list[str] = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        role = cell.metadata.get("nbmlops", {}).get("role", "")
        if role in _SETTING:
            setting.append(cell.source)
        elif role not in _CARRYING:
            if parsed(cell.source) is None:
                raise NotebookError(
                    f"A cell of {path.name} is no plain Python: {cell.source.strip().splitlines()[0][:60]}",
                    kind="transform-unplain",
                    hint="Move magics and commands into another step.",
                )
            cells.append(cell.source)
    return StepCode(setting="\n".join(setting), cells=tuple(cells))


def needed_code(cells: Sequence[str], given: Sequence[str], result: str) -> str:
    """Without the cells that `result` does not need. `given`: names that are bound before."""
    bound = "\n".join(f"{name} = None" for name in given) or "pass"
    texts = [bound, *cells]
    notebook = Notebook(
        path="",
        cells=tuple(
            NotebookCell(index=number, id=f"c{number}", kind=CellKind.CODE, source=text)
            for number, text in enumerate(texts)
        ),
    )
    flow = analyse(notebook)
    kept = slice_notebook(notebook, flow, cut(flow, (result,)))
    return "\n\n".join(each.source.strip("\n") for each in kept.cells if each.source != bound) + "\n"


def names_in(code: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))


def modules_in(code: str) -> tuple[str, ...]:
    """That it imports."""
    found: list[str] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return tuple(dict.fromkeys(found))
