"""Two versions of a notebook or of a log of cells -> which cells were added, removed, edited."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import msgspec

from nbmlops.model.difference import CellChange
from nbmlops.model.snapshot import ChangeKind


def cells_of(data: bytes) -> dict[str, str] | None:
    """Sources of code and text by cell id, in order; None where it is no notebook."""
    try:
        raw = msgspec.json.decode(data)
        found: dict[str, str] = {}
        for number, cell in enumerate(raw["cells"]):
            source = cell["source"]
            text = "".join(source) if isinstance(source, list) else str(source)
            origin = (cell.get("metadata") or {}).get("nbmlops") or {}
            # An executed notebook keeps the id of the cell that ran; its last execution counts.
            found[str(origin.get("cell") or cell.get("id") or number)] = text
        return found
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return None


def diff_cells(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[CellChange, ...]:
    """By id; cells whose ids are new on both sides are matched by likeness, as front ends of old make new ids."""
    removed = [cell for cell in before if cell not in after]
    added = [cell for cell in after if cell not in before]
    pairs = _alike(before, after, removed, added)
    changes = []
    for cell, source in after.items():
        old = cell if cell in before else pairs.get(cell)
        if old is None:
            changes.append(CellChange(cell=cell, change=ChangeKind.ADDED, after=source))
        elif before[old].strip() != source.strip():
            changes.append(CellChange(cell=cell, change=ChangeKind.CHANGED, before=before[old], after=source))
    matched = set(pairs.values())
    changes += [
        CellChange(cell=cell, change=ChangeKind.REMOVED, before=before[cell]) for cell in removed if cell not in matched
    ]
    return tuple(changes)


def _alike(before: Mapping[str, str], after: Mapping[str, str], removed: list[str], added: list[str]) -> dict[str, str]:
    """New cell -> the removed one that it is most like, if it is."""
    free = list(removed)
    pairs: dict[str, str] = {}
    for cell in added:
        scored = [(difflib.SequenceMatcher(None, before[old], after[cell]).ratio(), old) for old in free]
        best = max(scored, default=(0.0, ""))
        if best[0] > 0.6:
            pairs[cell] = best[1]
            free.remove(best[1])
    return pairs
