from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, seconds, shown
from nbmlops.lib.digest import short
from nbmlops.model.replay import ReplayDifference, ReplayVerdict, Reproduction
from nbmlops.ops.replay_grid import GridRow
from nbmlops.ops.reproduce import Result

MOST_DIFFERENCES = 12


def page(result: Result) -> Page:
    made = result.reproduction
    is_same = made.verdict is ReplayVerdict.REPRODUCED
    compared = ", ".join(made.compared) or "nothing to compare"
    with_ = [name for name, side in (("code", made.sides.code), ("data", made.sides.data)) if side == "now"]
    how = f" with the {' and '.join(with_)} of now" if with_ else ""
    return (
        Line(
            f"{made.verdict}  {result.run.name} {short(result.run.id)}{how}",
            Tone.GOOD if is_same else Tone.BAD,
        ),
        Line(f"{made.cells} cells in {seconds(made.seconds)}; compared: {compared}", Tone.DIM),
        *_left_out(made.left_out),
        *_first(made),
        *_differences(made.differences),
        *_metrics(result),
        *_grid(result.grid),
        *(Line(f"Note: {note}", Tone.WARN) for note in made.notes),
        *((Line(f"Kept in {result.folder}"),) if result.folder else ()),
    )


def _left_out(count: int) -> tuple[Line, ...]:
    if not count:
        return ()
    cells = "1 cell that the run does not need was" if count == 1 else f"{count} cells that the run does not need were"
    return (Line(f"{cells} left out", Tone.DIM),)


def _first(made: Reproduction) -> tuple[Line, ...]:
    first = next((each for each in made.differences if each.counts), None)
    if first is None:
        return ()
    where = f"cell {first.cell}" if first.cell else "the run"
    return (Line(f"It begins at {where} ({first.source}): {first.what}"),)


def _differences(found: tuple[ReplayDifference, ...]) -> tuple[Table | Line, ...]:
    if not found:
        return ()
    rows = tuple(
        (
            cell(each.cell or "", Tone.DIM),
            cell(each.what, Tone.PLAIN if each.counts else Tone.DIM),
            cell(_cut(each.expected), Tone.DIM),
            cell(_cut(each.actual), Tone.STRONG if each.counts else Tone.DIM),
        )
        for each in found[:MOST_DIFFERENCES]
    )
    more = len(found) - MOST_DIFFERENCES
    tail = (Line(f"and {more} more"),) if more > 0 else ()
    return (Table(columns=("cell", "what", "then", "now"), rows=rows, numeric=frozenset({0})), *tail)


def _metrics(result: Result) -> tuple[Table, ...]:
    """Side by side where code or data were changed on purpose."""
    made = result.reproduction
    if made.sides.code == made.sides.data == "run" or not result.run.metrics:
        return ()
    rows = tuple(
        (cell(name), cell(value, Tone.DIM), cell(made.metrics.get(name), Tone.STRONG))
        for name, value in sorted(result.run.metrics.items())
    )
    return (Table(columns=("metric", "then", "now"), rows=rows, numeric=frozenset({1, 2})),)


def _grid(grid: tuple[GridRow, ...]) -> tuple[Table, ...]:
    if not grid:
        return ()
    rows = tuple(
        (
            cell(row.metric),
            cell(row.old_code_old_data),
            cell(row.old_code_new_data),
            cell(row.new_code_old_data),
            cell(row.new_code_new_data),
            cell(row.moved_by or "nothing", Tone.STRONG if row.moved_by else Tone.DIM),
        )
        for row in grid
    )
    heads = ("metric", "as it was", "new data", "new code", "both new", "moved by")
    return (Table(columns=heads, rows=rows, title="Code or data?", numeric=frozenset({1, 2, 3, 4})),)


def _cut(text: str) -> str:
    text = shown(text)
    return text if len(text) <= 60 else f"{text[:59]}…"
