"""Steps that a notebook's author has put in order: Kale's tag `prev:NAME` on the first cell of a step."""

from __future__ import annotations

import difflib

from nbmlops.errors import NotebookError
from nbmlops.model.names import slug
from nbmlops.model.notebook import Notebook, NotebookCell
from nbmlops.pipeline.handover import Draft
from nbmlops.pipeline.steps import step_tag

_BEFORE = "prev:"


def add_declared_order(notebook: Notebook, drafts: list[Draft]) -> None:
    """Have each draft come after those that its cells name. Raises NotebookError for a step that is not before it."""
    cells = [cell for cell in notebook.code_cells if "skip" not in cell.tags]
    begins = {slug(name): cell.index for cell in reversed(cells) if (name := step_tag(cell))}
    for cell in cells:
        for tag in cell.tags:
            if tag.startswith(_BEFORE):
                _add(cell, slug(tag.removeprefix(_BEFORE).strip()), begins, drafts)


def _add(cell: NotebookCell, name: str, begins: dict[str, int], drafts: list[Draft]) -> None:
    if name not in begins or begins[name] > cell.index:
        near = difflib.get_close_matches(name, [each for each, first in begins.items() if first < cell.index], n=1)
        raise NotebookError(
            f"{cell.label.capitalize()} is tagged {_BEFORE}{name}, and no step of that name begins before it.",
            kind="step-unknown",
            hint=f"Did you mean {_BEFORE}{near[0]}?" if near else "Correct the tag, or take it away.",
            cell=cell.index,
        )
    here, before = _draft_at(cell.index, drafts), _draft_at(begins[name], drafts)
    if here is not None and before is not None and here != before:
        drafts[here].after.add(before)


def _draft_at(index: int, drafts: list[Draft]) -> int | None:
    """The step that a cell has become a part of; None where all of that step is left out."""
    return next((number for number, draft in enumerate(drafts) if index in draft.section.span), None)
