"""Where steps begin: tags, else headings, else where measured cuts say so, else one step.

step:NAME on a cell         begins a step; cells without a tag belong to the step before them
## Load the data            a heading begins one, where no cell is tagged
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from nbmlops.errors import NotebookError
from nbmlops.model.dataflow import Slice
from nbmlops.model.names import slug
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.model.pipeline import Cut

_STEP_TAGS = ("step:", "block:")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_NUMBER = re.compile(r"^\s*(?:step\s+)?\d+(?:\.\d+)*[.):\s-]\s*", re.IGNORECASE)


@dataclass
class Section:
    """A stretch of the notebook that becomes a step."""

    name: str
    title: str
    cells: list[int] = field(default_factory=list)
    """Indexes of its kept cells."""
    span: range = range(0)
    """Indexes of all cells from where it begins to where the next one does."""


def find_sections(notebook: Notebook, slice: Slice, cuts: Sequence[Cut] = ()) -> list[Section]:
    """In document order; sections that keep no cell are left out."""
    starts = _declared_starts(notebook) or [(cut.cell, cut.step, cut.step) for cut in cuts]
    if not starts:
        name = slug(PurePosixPath(notebook.path).stem, fallback="notebook")
        starts = [(0, name, PurePosixPath(notebook.path).stem)]
    ends = [*(start for start, _, _ in starts[1:]), len(notebook.cells)]
    sections = [
        Section(name, title, span=range(start if number else 0, end))
        for number, ((start, name, title), end) in enumerate(zip(starts, ends, strict=True))
    ]
    for index in sorted(slice.cells):
        position = sum(1 for start, _, _ in starts if start <= index) - 1
        sections[max(position, 0)].cells.append(index)
    return [section for section in sections if section.cells]


def is_declared(notebook: Notebook) -> bool:
    """Whether its author has said where steps begin."""
    return bool(_declared_starts(notebook))


def _declared_starts(notebook: Notebook) -> list[tuple[int, str, str]]:
    if any(step_tag(cell) for cell in notebook.code_cells if "skip" not in cell.tags):
        return _tag_starts(notebook)
    return _heading_starts(notebook)


def step_tag(cell: NotebookCell) -> str:
    """The name of the step that begins with this cell, if one does."""
    for tag in cell.tags:
        for prefix in _STEP_TAGS:
            if tag.startswith(prefix):
                return tag.removeprefix(prefix).strip()
    return ""


def _tag_starts(notebook: Notebook) -> list[tuple[int, str, str]]:
    starts: list[tuple[int, str, str]] = []
    seen: dict[str, NotebookCell] = {}
    for cell in notebook.code_cells:
        if "skip" in cell.tags or not any(tag.startswith(_STEP_TAGS) for tag in cell.tags):
            continue
        title = step_tag(cell)
        name = slug(title, fallback="")
        if not name:
            raise NotebookError(
                f"{cell.label.capitalize()} is tagged as a step with a name that has no letters: {title!r}.",
                kind="step-name",
                hint="Tag it `step:` and a word.",
                cell=cell.index,
            )
        if starts and starts[-1][1] == name and starts[-1][2] == title:
            continue
        if name in seen:
            raise NotebookError(
                f"The step {name} begins twice: in {seen[name].label} and in {cell.label}.",
                kind="step-duplicate",
                hint="Give one of them another name, or put their cells together.",
                step=name,
                cells=[seen[name].index, cell.index],
            )
        seen[name] = cell
        starts.append((cell.index, name, title))
    return starts


def _heading_starts(notebook: Notebook) -> list[tuple[int, str, str]]:
    headings = [
        (cell.index, len(match[1]), _plain(match[2]))
        for cell in notebook.cells
        if cell.kind is CellKind.MARKDOWN
        for match in _headings(cell.source)
    ]
    levels = [level for _, level, _ in headings]
    repeated = [level for level in sorted(set(levels)) if levels.count(level) > 1]
    if repeated:
        chosen = [each for each in headings if each[1] == repeated[0]]
    else:
        # Every level once: the first of them, on top of the others, is the title.
        chosen = headings[1:] if headings and headings[0][1] == min(levels) else headings
    names: dict[str, int] = {}
    starts = []
    for index, _, title in chosen:
        name = slug(_NUMBER.sub("", title) or title)
        names[name] = names.get(name, 0) + 1
        unique = name if names[name] == 1 else f"{name}-{names[name]}"
        starts.append((index, unique, title))
    return starts


def _headings(source: str) -> list[re.Match[str]]:
    found = []
    fenced = False
    for line in source.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and (match := _HEADING.match(line)):
            found.append(match)
    return found


def _plain(text: str) -> str:
    """A heading without its markup."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<[^>]+>", "", text)
    return re.sub(r"[*_`]+", "", text).strip()
