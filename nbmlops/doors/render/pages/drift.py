from typing import Any

from nbmlops.doors.render.blocks import Cell, Line, Page, Table, Tone, cell, many, place
from nbmlops.doors.render.column_picker import column_picker
from nbmlops.drift.report import body
from nbmlops.model.drift import ColumnDrift, Verdict
from nbmlops.ops.drift import Result

MOST_STABLE = 5
_TONES = {
    Verdict.DRIFTED: Tone.BAD,
    Verdict.GONE: Tone.BAD,
    Verdict.CHANGED: Tone.BAD,
    Verdict.NEW: Tone.WARN,
    Verdict.STABLE: Tone.GOOD,
    Verdict.TOO_FEW: Tone.DIM,
}


def page(result: Result) -> Page:
    moved = result.drifted
    weight = f" They hold {100 * result.weighted:.0f} % of the model's answers." if result.weighted is not None else ""
    verdict = (
        Line(f"{len(moved)} of {many(len(result.columns), 'column')} have drifted.{weight}", Tone.BAD)
        if moved
        else Line("Nothing has drifted.", Tone.GOOD)
    )
    quiet = [each for each in result.columns if each.verdict in (Verdict.STABLE, Verdict.TOO_FEW)]
    shown = [each for each in result.columns if each not in quiet] + quiet[:MOST_STABLE]
    left = len(result.columns) - len(shown)
    return (
        Line(
            f"{place(result.current)} ({many(result.current_rows, 'row')}) against {place(result.reference)} "
            f"({many(result.reference_rows, 'row')})",
            Tone.STRONG,
        ),
        *(Line(note, Tone.WARN) for note in result.notes),
        *((_columns(shown),) if shown else ()),
        *((Line(f"and {left} more that have not drifted", Tone.DIM),) if left else ()),
        *(
            Line(f"{each.name.replace('_', ' ')}: {each.why}", Tone.BAD if each.has_drifted else Tone.GOOD)
            for each in result.together
        ),
        verdict,
        *(() if result.is_exact else (Line("From profiles: within 2 % of what all rows would give.", Tone.DIM),)),
        *((Line(f"The report: {place(result.report)}", Tone.DIM),) if result.report else ()),
    )


def picture(result: Result) -> str:
    return body(result)


def widget(result: Result) -> Any:
    return column_picker(result)


def _columns(shown: list[ColumnDrift]) -> Table:
    rows = tuple(
        (
            Cell(str(each.verdict), _TONES[each.verdict]),
            cell(each.name, Tone.STRONG),
            cell(f"{each.effect:.2f}" if each.effect else ""),
            cell(each.why),
            cell(", ".join(f"{measure.name} {measure.value:.3g}" for measure in each.measures[:3]), Tone.DIM),
        )
        for each in shown
    )
    return Table(columns=("", "column", "over the limit", "what has moved", "measures"), rows=rows,
                 numeric=frozenset({2}), optional=frozenset({4}))  # fmt: skip
