from html import escape
from typing import Any

from nbmlops.attribution.report import body, direction, loss_told, row_body
from nbmlops.doors.render.blocks import Cell, Line, Page, Table, Tone, cell, many, place
from nbmlops.lib.digest import short
from nbmlops.model.attribution import CHANGE, ExplainedRow, Importance
from nbmlops.ops.explain_model import Result

MOST_COLUMNS, MOST_PARTS = 15, 6
_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def page(result: Result) -> Page:
    data = result.data
    predicting = f", predicting {data.target}" if data.target else ""
    left = len(result.importances) - MOST_COLUMNS
    return (
        Line(f"{result.model.name}: {many(data.rows, 'row')} of {place(data.place)}{predicting}", Tone.STRONG),
        *(Line(note, Tone.WARN) for note in (*data.notes, *result.notes)),
        Line(loss_told(result), Tone.DIM),
        _importances(result),
        *((Line(f"and {left} more", Tone.DIM),) if left > 0 else ()),
        *(block for row in result.explained for block in _row(row)),
        *_method(result),
        *((Line(f"Recorded as run {short(result.run)}.", Tone.DIM),) if result.run else ()),
        *((Line(f"The report: {place(result.report)}", Tone.DIM),) if result.report else ()),
    )


def picture(result: Result) -> str:
    """The report, and what became of it."""
    told = f"Recorded as run {short(result.run)}." if result.run else ""
    return body(result) + f"<div>{escape(told)}</div>"


def widget(result: Result) -> Any:
    """A row to pick, and a class."""
    rows = [row for row in result.explained if row.outcomes]
    classes = [each.of for each in rows[0].outcomes] if rows else []
    if len(rows) < 2 and len(classes) < 2:
        return None
    try:
        import ipywidgets
    except ImportError:
        return None
    row = ipywidgets.Dropdown(
        options=[(f"{each.row}: {each.answer}", number) for number, each in enumerate(rows)], description="Row"
    )
    of = ipywidgets.Dropdown(options=sorted(classes), value=classes[0], description="Class")
    drawn = ipywidgets.HTML()

    def draw(change: object = None) -> None:
        found = rows[row.value]
        number = next((place for place, each in enumerate(found.outcomes) if each.of == of.value), 0)
        drawn.value = row_body(found, number)

    row.observe(draw, "value")
    of.observe(draw, "value")
    draw()
    return ipywidgets.VBox([row, *((of,) if len(classes) > 1 else ()), drawn])


def _method(result: Result) -> Page:
    if not result.explained:
        return ()
    return (Line(f"Rows: {result.method}, against {many(result.background, 'row')}.", Tone.DIM),)


def _importances(result: Result) -> Table:
    most = max((each.importance or 0.0 for each in result.importances), default=0.0)
    has_direction = any(direction(each) for each in result.importances)
    lost = "lost" if result.metric != CHANGE else CHANGE
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(_short(each.importance)),
            cell(_bar(each.importance, most)),
            _span(each),
            cell(f"{100 * each.share:.0f} %" if each.share is not None else ""),
            *((cell(direction(each)),) if has_direction else ()),
        )
        for each in result.importances[:MOST_COLUMNS]
    )
    heads = ("column", lost, "", f"{100 * result.confidence:g} % interval", "share")
    about = f"probability of {result.of}" if result.of else "the value"
    return Table(
        columns=(*heads, *((about,) if has_direction else ())),
        rows=rows,
        numeric=frozenset({1, 4}),
        optional=frozenset({2, 5} if has_direction else {2}),
    )


def _row(row: ExplainedRow) -> Page:
    truth = f", truly {row.truth}" if row.truth else ""
    head = f"Row {row.row:,}: {row.answer}{truth} ({row.picked})"
    if not row.outcomes:
        return (Line(head, Tone.STRONG), Line(f"It could not be explained: {row.why}", Tone.WARN))
    outcome = row.outcomes[0]
    first = [each for each in outcome.parts[:MOST_PARTS] if each.amount]
    rest = outcome.parts[len(first) :]
    most = max((abs(each.amount) for each in outcome.parts), default=0.0)
    lines = [(cell("mean answer", Tone.DIM), cell(""), cell(_short(outcome.base)), cell(""))]
    lines += [
        (cell(each.name, Tone.STRONG), cell(each.value), cell(f"{each.amount:+.4g}"), _push(each.amount, most))
        for each in first
    ]
    if rest:
        total = sum(each.amount for each in rest)
        lines.append((cell(f"{len(rest)} more"), cell(""), cell(f"{total:+.4g}"), _push(total, most)))
    of = f"probability of {outcome.of}" if outcome.of else "the value"
    lines.append((cell(of, Tone.STRONG), cell(""), cell(_short(outcome.answer), Tone.STRONG), cell("")))
    return (
        Table(
            columns=("column", "value", "adds", ""),
            rows=tuple(lines),
            title=head,
            numeric=frozenset({2}),
            optional=frozenset({3}),
        ),
    )


def _push(amount: float, most: float) -> Cell:
    return Cell(_bar(abs(amount), most), Tone.GOOD if amount > 0 else Tone.BAD)


def _bar(value: float | None, most: float) -> str:
    """In eighths of a letter."""
    if value is None or most <= 0 or value <= 0:
        return ""
    eighths = max(1, round(8 * _BAR * value / most))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _span(each: Importance) -> Cell:
    if each.why:
        return cell("not measured", Tone.WARN)
    return cell("" if each.low is None or each.high is None else f"{each.low:.4g} to {each.high:.4g}")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
