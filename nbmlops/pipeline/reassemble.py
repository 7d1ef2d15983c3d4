"""What the steps showed, poured back into the notebook they were made from: its cells, in its order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbmlops.lib.files import write_atomic


def reassemble(source: Path, executed: Iterable[Path], target: Path) -> int:
    """Write the notebook with the outputs of the steps' executed notebooks; returns how many cells have been executed.

    Cells that no step executed keep no outputs. Raises OSError, and ValueError for what is no notebook.
    """
    shown = _shown(executed)
    notebook = _read(source)
    count = 0
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        found = shown.get(cell.get("id", "")) or shown.get(index)
        cell["outputs"] = found["outputs"] if found is not None else []
        cell["execution_count"] = None
        if found is not None:
            count += 1
            cell["execution_count"] = count
            cell["metadata"]["nbmlops"] = {"step": found["metadata"]["nbmlops"]["step"]}
    write_atomic(target, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return count


def _shown(executed: Iterable[Path]) -> dict[Any, Any]:
    """Executed cells by the id and by the position of the cell they were made of."""
    found: dict[Any, Any] = {}
    for path in executed:
        notebook = _read(path)
        step = notebook["metadata"].get("nbmlops", {}).get("step", path.stem)
        for cell in notebook["cells"]:
            origin = cell["metadata"].get("nbmlops", {})
            if "index" in origin and cell.get("execution_count") is not None:
                cell["metadata"]["nbmlops"] = {**origin, "step": step}
                found[origin["index"]] = found[origin.get("cell", "")] = cell
    return found


def _read(path: Path) -> dict[str, Any]:
    """nbformat takes a second to import: only older forms need it."""
    raw: dict[str, Any] = json.loads(path.read_bytes())
    if raw.get("nbformat") != 4:
        import nbformat

        raw = dict(nbformat.read(path, as_version=4))
    return raw
