import math

from nbmlops.doors.render.blocks import Block, Line, Page, Source, Table, Tone, cell, many, size
from nbmlops.lib.digest import short
from nbmlops.model.difference import (
    CellChange,
    ColumnChange,
    FileDetail,
    LayerChange,
    PackageDiff,
    Pair,
    RunDiff,
    TableDiff,
)
from nbmlops.model.snapshot import ChangeKind
from nbmlops.ops.diff import Result

TONES = {ChangeKind.ADDED: Tone.GOOD, ChangeKind.REMOVED: Tone.BAD, ChangeKind.CHANGED: Tone.WARN}
MOST_COLUMNS, MOST_SUSPECTS, MOST_LINES, MOST_FILES = 15, 8, 40, 40


def page(result: Result) -> Page:
    if result.packages is not None:
        return _packages(result, result.packages)
    after = (_name(result.after) if result.after else "now") or "now"
    files = "file" if result.same == 1 else "files"
    head = Line(f"{_name(result.before)} → {after}: {result.same} {files} the same", Tone.STRONG)
    return (
        *(_runs(result.runs) if result.runs is not None else ()),
        head,
        *_changes(result),
        *(block for detail in result.details for block in _detail(detail)),
    )


def _name(reference: str) -> str:
    return reference if " " in reference else short(reference)


def _changes(result: Result) -> Page:
    if not result.changes:
        return (Line("Nothing changed." if result.runs is None else "The data are the same.", Tone.GOOD),)
    rows = tuple(
        (cell(c.change, TONES[c.change]), cell(c.path), cell(size(c.before)), cell(size(c.after)))
        for c in result.changes
    )
    return (Table(columns=("", "file", "before", "after"), rows=rows, numeric=frozenset({2, 3})),)


def _packages(result: Result, packages: PackageDiff) -> Page:
    names = f"{result.before} → {result.after}"
    if packages.is_same:
        return (Line(f"{names}: the same package, {packages.digest_after[7:19]}.", Tone.GOOD),)
    same = sum(each.change is None for each in packages.layers)
    shares = f"{same} of {many(len(packages.layers), 'layer')} the same ({size(packages.shared_bytes)})"
    heads = (result.before, result.after)
    return (
        Line(f"{names}: {shares}, {size(packages.new_bytes)} new", Tone.STRONG),
        *_pairs("Metrics", packages.metrics, heads, has_difference=True),
        *_pairs("Parameters that differ", packages.params, heads, has_difference=True),
        *_pairs("What else the Kitfiles say", packages.fields, heads),
        _layers(packages.layers),
        *(_files(result) if any(each.change for each in packages.layers) else ()),
        *(block for detail in result.details for block in _detail(detail)),
    )


def _layers(layers: tuple[LayerChange, ...]) -> Block:
    rows = tuple(
        (
            cell(each.change, TONES[each.change]) if each.change is not None else cell("same", Tone.DIM),
            cell(each.kind),
            cell(each.path, Tone.DIM if each.change is None else Tone.STRONG),
            cell(size(each.before)),
            cell(size(each.after)),
        )
        for each in layers
    )
    return Table(columns=("", "layer", "path", "before", "after"), rows=rows, title="Layers", numeric=frozenset({3, 4}))


def _files(result: Result) -> Page:
    """Of the layers that differ."""
    if not result.changes:
        alike = f"{many(result.same, 'file')} in layers that differ, all the same: they are only packed otherwise."
        return (Line(f"\n{alike}", Tone.GOOD),)
    rows = tuple(
        (cell(each.change, TONES[each.change]), cell(each.path), cell(size(each.before)), cell(size(each.after)))
        for each in result.changes[:MOST_FILES]
    )
    title = f"Files of layers that differ: {result.same:,} the same, {len(result.changes):,} not"
    table = Table(columns=("", "file", "before", "after"), rows=rows, title=title, numeric=frozenset({2, 3}))
    more = len(result.changes) - MOST_FILES
    return (table, *((Line(f"  … {many(more, 'more file')}", Tone.DIM),) if more > 0 else ()))


def _runs(runs: RunDiff) -> Page:
    heads = (runs.before, runs.after)
    return (
        *_pairs("Metrics", runs.metrics, heads),
        *_suspects(runs),
        *_pairs("Parameters that differ", runs.params, heads),
        *_pairs("Packages that differ", runs.packages, heads),
        *_cells("Code", runs.cells),
    )


def _pairs(title: str, pairs: tuple[Pair, ...], heads: tuple[str, str], *, has_difference: bool = False) -> Page:
    if not pairs:
        return ()
    rows = tuple(
        (
            cell("≠" if pair.before != pair.after else "", Tone.WARN),
            cell(pair.name),
            cell(pair.before, Tone.DIM),
            cell(pair.after, Tone.STRONG if pair.before != pair.after else Tone.DIM),
            *((cell(_difference(pair)),) if has_difference else ()),
        )
        for pair in pairs
    )
    numeric = frozenset({2, 3}) if all(isinstance(p.before, int | float | None) for p in pairs) else frozenset()
    heads = heads if heads[0] != heads[1] else ("before", "after")
    columns: tuple[str, ...] = ("", "", *heads)
    if has_difference:
        columns, numeric = (*columns, "difference"), numeric | {4}
    return (Table(columns=columns, rows=rows, title=title, numeric=numeric),)


def _difference(pair: Pair) -> str:
    """Of figures, also of those that were written as text."""
    try:
        before, after = (float(value) for value in (pair.before, pair.after) if value is not None)
    except ValueError:
        return ""
    return f"{after - before:+.6g}" if before != after and math.isfinite(after - before) else ""


def _suspects(runs: RunDiff) -> Page:
    if not runs.suspects:
        return (Line("Nothing that was recorded differs between the runs.", Tone.GOOD),)
    rows = tuple(
        (cell("█" * max(1, round(s.weight * 8)), Tone.WARN), cell(s.kind), cell(s.what), cell(s.why, Tone.DIM))
        for s in runs.suspects[:MOST_SUSPECTS]
    )
    return (Table(columns=("likely", "", "what", "how"), rows=rows, title="What may explain it (a guess)"),)


def _detail(detail: FileDetail) -> Page:
    if detail.table is not None:
        return _table(detail.path, detail.table)
    if detail.cells:
        return _cells(detail.path, detail.cells)
    lines = detail.text.splitlines()
    more = [f"… {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return (Source("\n".join(lines[:MOST_LINES] + more), title=detail.path),) if lines else ()


def _table(path: str, table: TableDiff) -> Page:
    words = [f"{table.rows_before:,} → {table.rows_after:,} rows"]
    if table.rows_added or table.rows_removed:
        words.append(f"{table.rows_added:,} new, {table.rows_removed:,} gone")
    if not table.columns:
        return (Line(f"{path}: {'; '.join(words)}", Tone.STRONG),)
    rows = tuple(_column(column) for column in table.columns[:MOST_COLUMNS])
    return (
        Table(
            columns=("", "column", "type", "empty", "mean", "values", "shift"),
            rows=rows,
            title=f"{path}: {'; '.join(words)}",
            numeric=frozenset({3, 4, 5, 6}),
            optional=frozenset({2, 3}),
        ),
    )


def _column(column: ColumnChange) -> tuple:  # type: ignore[type-arg]
    kind = _arrow(column.type_before, column.type_after)
    nulls = _arrow(f"{column.nulls_before:,}", f"{column.nulls_after:,}")
    means = ["" if mean is None else f"{mean:.5g}" for mean in (column.mean_before, column.mean_after)]
    return (
        cell(column.change, TONES[column.change]),
        cell(column.name),
        cell(kind, Tone.DIM),
        cell(nulls if nulls != "0" else "", Tone.DIM),
        cell(_arrow(*means)),
        cell(f"{column.cells:,} changed" if column.cells else ""),
        cell(
            f"{column.shift:.3f}" if column.change is ChangeKind.CHANGED else "",
            Tone.WARN if column.shift > 0.1 else Tone.PLAIN,
        ),
    )


def _arrow(before: str, after: str) -> str:
    if before == after or not after:
        return before
    return f"{before} → {after}" if before else after


def _cells(title: str, cells: tuple[CellChange, ...]) -> Page:
    if not cells:
        return ()
    rows = tuple((cell(c.change, TONES[c.change]), cell(c.first_line)) for c in cells)
    return (Table(columns=("", "cell"), rows=rows, title=f"{title}: {many(len(cells), 'cell')} changed"),)
