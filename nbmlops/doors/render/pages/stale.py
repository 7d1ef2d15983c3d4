from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, many
from nbmlops.lib.digest import short
from nbmlops.ops.stale import Result


def page(result: Result) -> Page:
    return (*_runs(result), *_cells(result))


def _runs(result: Result) -> Page:
    if not result.runs:
        return (Line("No runs to look at yet.", Tone.DIM),)
    old = [run for run in result.runs if run.reasons]
    if not old:
        return (Line(f"{many(len(result.runs), 'run')}: all fit today's data and code.", Tone.GOOD),)
    rows = tuple(
        (
            cell(short(run.id), Tone.DIM),
            cell(run.name),
            cell("; ".join(run.reasons) if run.reasons else "fits", Tone.WARN if run.reasons else Tone.GOOD),
        )
        for run in result.runs
    )
    return (Table(columns=("run", "name", "since then"), rows=rows, title=f"{many(len(old), 'run')} out of date"),)


def _cells(result: Result) -> Page:
    if not result.looked_at:
        return ()
    if not result.cells:
        where = f" of {result.notebook}" if result.notebook else ""
        return (Line(f"{many(result.looked_at, 'cell')}{where}: all outputs fit.", Tone.GOOD),)
    rows = tuple(
        (
            cell(f"[{each.count}]" if each.count else "", Tone.DIM),
            cell(each.source),
            cell("; ".join(each.reasons), Tone.WARN),
        )
        for each in result.cells
    )
    return (Table(columns=("", "cell", "why"), rows=rows, title="Cells whose outputs are out of date"),)
