"""What the steps showed, poured back into the notebook they were made from: its cells, in its order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat

from nbmlops.lib.files import write_atomic


def reassemble(source: Path, executed: Iterable[Path], target: Path) -> int:
    """Write the notebook with the outputs of the steps' executed notebooks; returns how many cells have been executed.

    Cells that no step executed keep no outputs. Raises OSError.
    """
    shown = _shown(executed)
    notebook = nbformat.read(source, as_version=4)
    count = 0
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        found = shown.get(cell.get("id", "")) or shown.get(index)
        cell.outputs = found.outputs if found is not None else []
        cell.execution_count = None
        if found is not None:
            count += 1
            cell.execution_count = count
            cell.metadata["nbmlops"] = {"step": found.metadata["nbmlops"]["step"]}
    write_atomic(target, nbformat.writes(notebook) + "\n")
    return count


def _shown(executed: Iterable[Path]) -> dict[Any, Any]:
    """Executed cells by the id and by the position of the cell they were made of."""
    found: dict[Any, Any] = {}
    for path in executed:
        notebook = nbformat.read(path, as_version=4)
        step = notebook.metadata.get("nbmlops", {}).get("step", path.stem)
        for cell in notebook.cells:
            origin = cell.metadata.get("nbmlops", {})
            if "index" in origin and cell.execution_count is not None:
                cell.metadata["nbmlops"] = {**origin, "step": step}
                found[origin["index"]] = found[origin.get("cell", "")] = cell
    return found
