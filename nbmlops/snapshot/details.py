"""What changed inside of changed files, where their kind is known: tables, notebooks, text."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from nbmlops.model.difference import FileDetail
from nbmlops.model.snapshot import Change, ChangeKind
from nbmlops.snapshot.notebooks import cells_of, diff_cells
from nbmlops.snapshot.tables import diff_tables, is_table

LARGEST_TEXT = 1_000_000
MOST_FILES = 50
"""Files looked into; the others are only named."""
Fetch = Callable[[str], Path]
"""The path of a file's content, by its name in the tree."""


def details(changes: Iterable[Change], before: Fetch, after: Fetch) -> tuple[FileDetail, ...]:
    found = [_detail(change.path, before, after) for change in looked_into(changes)]
    return tuple(detail for detail in found if detail is not None)


def looked_into(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those whose files are of a kind that may be known; no other is fetched."""
    changed = [change for change in changes if change.change is ChangeKind.CHANGED][:MOST_FILES]
    return tuple(change for change in changed if is_table(change.path) or largest(change) <= LARGEST_TEXT)


def largest(change: Change) -> int:
    return max(change.before or 0, change.after or 0)


def _detail(path: str, before: Fetch, after: Fetch) -> FileDetail | None:
    if is_table(path):
        table = diff_tables(before(path), after(path), PurePosixPath(path).suffix)
        return FileDetail(path=path, table=table) if table is not None else None
    old, new = before(path).read_bytes(), after(path).read_bytes()
    if path.endswith(".ipynb"):
        cells = (cells_of(old), cells_of(new))
        if cells[0] is not None and cells[1] is not None:
            return FileDetail(path=path, cells=diff_cells(cells[0], cells[1]))
    try:
        lines = [data.decode("utf-8").splitlines() for data in (old, new)]
    except UnicodeDecodeError:
        return None
    text = "\n".join(difflib.unified_diff(lines[0], lines[1], "before", "after", lineterm="", n=2))
    return FileDetail(path=path, text=text) if text else None
