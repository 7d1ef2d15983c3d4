"""The source of what a notebook runs that lies beside it: modules by dotted name, scripts and notebooks by path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nbmlops.errors import NbmlopsError
from nbmlops.model.notebook import CellKind
from nbmlops.pipeline.source import read_notebook


def module_source(folder: Path) -> Callable[[str], str | None]:
    """None for what is not there: then it is a library."""

    def source(name: str) -> str | None:
        if name.endswith(".ipynb"):
            return _code_of(folder / name)
        found = next((path for path in module_paths(folder, name) if path.is_file()), None)
        return found.read_text(encoding="utf-8", errors="replace") if found is not None else None

    return source


def module_paths(folder: Path, name: str) -> tuple[Path, ...]:
    """Where it may lie, the first that is there counts."""
    if name.endswith((".ipynb", ".py", ".ipy")):
        return (folder / name,)
    base = folder.joinpath(*name.split("."))
    return (base.with_suffix(".py"), base / "__init__.py")


def _code_of(path: Path) -> str | None:
    """The code of a notebook as one script, as `%run` sees it."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        cells = read_notebook(path).cells
    except NbmlopsError:
        return None
    transform = TransformerManager().transform_cell
    return "\n".join(transform(cell.source) for cell in cells if cell.kind is CellKind.CODE)
