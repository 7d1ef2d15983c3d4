"""A notebook as we work with it: plain cells, whatever the file looked like."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CellKind(StrEnum):
    CODE = "code"
    MARKDOWN = "markdown"
    RAW = "raw"


class NotebookCell(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    """Position among all cells of the notebook, from 0."""
    id: str
    kind: CellKind
    source: str
    tags: tuple[str, ...] = ()
    count: int | None = None
    """`[n]`: when it was executed last, as far as the notebook says."""

    @property
    def label(self) -> str:
        """How a cell is called in messages: people count from 1."""
        return f"cell {self.index + 1}"


class Notebook(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    cells: tuple[NotebookCell, ...]
    kernel: str = "python3"
    language: str = "python"

    @property
    def code_cells(self) -> tuple[NotebookCell, ...]:
        return tuple(cell for cell in self.cells if cell.kind is CellKind.CODE)
