"""What probably explains that two runs have different figures, the likeliest first. A guess, said as one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from nbmlops.model.difference import CellChange, FileDetail, Pair, Suspect, SuspectKind
from nbmlops.model.snapshot import Change, ChangeKind

PARAMETER, CODE, DATA_LEAST, RANDOM = 0.85, 0.7, 0.3, 0.4
_PACKAGE = (0.5, 0.25, 0.08)
"""By the first part of the version that differs."""
_FIGURES = ("numpy", "scipy", "scikit-learn", "pandas", "xgboost", "lightgbm", "catboost", "torch", "tensorflow",
            "polars", "statsmodels")  # fmt: skip
"""Packages that compute: a new version of these is more telling than one of a plotting library."""


def suspects(
    *,
    params: Sequence[Pair],
    data: Sequence[Change],
    details: Sequence[FileDetail],
    cells: Sequence[CellChange],
    modules: Sequence[Change],
    packages: Sequence[Pair],
    is_random: bool,
) -> tuple[Suspect, ...]:
    found = [
        Suspect(
            kind=SuspectKind.PARAMETER,
            what=pair.name,
            why=f"{_shown(pair.before)} → {_shown(pair.after)}",
            weight=PARAMETER,
        )
        for pair in params
    ]
    tables = {detail.path: detail for detail in details}
    found += [_of_data(change, tables.get(change.path)) for change in data]
    found += [_of_cell(cell) for cell in cells]
    found += [
        Suspect(kind=SuspectKind.CODE, what=change.path, why=f"module {change.change}", weight=CODE - 0.05)
        for change in modules
        if change.path.endswith(".py")
    ]
    found += [_of_package(pair) for pair in packages]
    if is_random:
        found.append(
            Suspect(
                kind=SuspectKind.RANDOM,
                what="random numbers",
                why="they began from different states: the notebook sets no seed",
                weight=RANDOM if found else 1.0,
            )
        )
    return tuple(sorted(found, key=lambda each: -each.weight))


def _of_data(change: Change, detail: FileDetail | None) -> Suspect:
    if change.change is not ChangeKind.CHANGED:
        why, weight = f"the file was {change.change}", 0.8
    elif detail is None or detail.table is None:
        why, weight = "its content changed", 0.5
    else:
        table = detail.table
        weight = DATA_LEAST + 0.6 * table.weight
        rows = f"{table.rows_before:,} → {table.rows_after:,} rows" if table.rows_before != table.rows_after else ""
        moved = [column for column in table.columns if column.shift > 0.01][:3]
        columns = ", ".join(f"{column.name} moved by {column.shift:.2f}" for column in moved)
        shape = ", ".join(f"column {c.name} {c.change}" for c in table.columns if c.change is not ChangeKind.CHANGED)
        cells = sum(column.cells or 0 for column in table.columns)
        why = "; ".join(part for part in (rows, shape, columns) if part) or f"{cells:,} values changed"
    return Suspect(kind=SuspectKind.DATA, what=change.path, why=why, weight=weight)


def _of_cell(cell: CellChange) -> Suspect:
    text = cell.after or cell.before
    is_display = not any(mark in text for mark in ("=", "fit", "import", "("))
    verb = {ChangeKind.ADDED: "a new cell", ChangeKind.REMOVED: "a cell was removed"}.get(cell.change, "edited")
    return Suspect(
        kind=SuspectKind.CODE,
        what=cell.first_line,
        why=verb,
        weight=0.1 if is_display or _only_comments(cell) else CODE,
    )


def _only_comments(cell: CellChange) -> bool:
    return cell.change is ChangeKind.CHANGED and _code(cell.before) == _code(cell.after)


def _code(source: str) -> list[str]:
    lines = (line.split("#", 1)[0].rstrip() for line in source.splitlines())
    return [line for line in lines if line.strip()]


def _of_package(pair: Pair) -> Suspect:
    before, after = str(pair.before or "").split("."), str(pair.after or "").split(".")
    place = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 2)
    weight = _PACKAGE[min(place, 2)] if pair.before and pair.after else _PACKAGE[0]
    weight *= 1.0 if pair.name in _FIGURES else 0.4
    return Suspect(
        kind=SuspectKind.PACKAGE,
        what=pair.name,
        why=f"{_shown(pair.before)} → {_shown(pair.after)}",
        weight=weight,
    )


def _shown(value: str | float | None) -> str:
    return "none" if value is None else f"{value:.6g}" if isinstance(value, float) else value
