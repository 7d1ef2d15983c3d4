"""Static analysis of a notebook of 200 cells: read from source text to a slice and its parameters, nothing executed."""

from __future__ import annotations

import time

from benchmarks.table import Row
from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.testing.notebooks import notebook
from tests.corpus.texts import notebooks

CELLS = 200
REPEATS = 5
MOST_SECONDS = 0.5


def measure() -> tuple[Row, ...]:
    long = long_notebook()
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        flow = analyse(long)
        find_parameters(flow, cut(flow))
        found.append(time.perf_counter() - began)
    best = min(found)
    return (Row(what=f"static analysis of {CELLS} cells", ours=best, value=best, bar=MOST_SECONDS),)


def long_notebook() -> Notebook:
    """The corpus in one notebook, again from the start until there are enough cells."""
    cells: list[NotebookCell] = []
    while len(cells) < CELLS:
        for text, _ in notebooks().values():
            for cell in notebook(text).code_cells:
                index = len(cells)
                cells.append(
                    NotebookCell(index=index, id=f"c{index}", kind=CellKind.CODE, source=cell.source, tags=cell.tags)
                )
    return Notebook(path="long.ipynb", cells=tuple(cells[:CELLS]))
