"""Notebooks that tests write, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat

HTML = "<img src=x onerror=\"window.caught='yes'\">"
"""In a name: if it is ever read as HTML, the page tells."""


def write(path: Path, *sources: str, kernel: str = "python3", language: str = "python") -> None:
    """A notebook of code cells, which are called cell-0, cell-1, ..."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)],
        metadata={
            "kernelspec": {"name": kernel, "display_name": kernel, "language": language},
            "language_info": {"name": language},
        },
    )
    nbformat.write(notebook, path)


def tag(path: Path, number: int, tags: Sequence[str]) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[number].metadata["tags"] = list(tags)
    nbformat.write(notebook, path)
