from html import escape
from typing import Any

from nbmlops.doors.render.blocks import Cell, Line, Page, Table, Tone, cell, many, place, shown, size
from nbmlops.evaluate.report import body, slices_of
from nbmlops.lib.digest import short
from nbmlops.lib.web_page import CLASS
from nbmlops.model.evaluation import Metric, Slice
from nbmlops.ops.evaluate import Result

MOST_SLICES = 8


def page(result: Result) -> Page:
    model, other, data = result.model, result.against, result.data
    against = f" against {other.name}" if other is not None else ""
    cost = [size(model.bytes)]
    if model.milliseconds is not None:
        cost.append(f"{shown(round(model.milliseconds, 2))} ms for 1000 rows")
    left = MOST_SLICES - len(result.slices)
    return (
        Line(
            f"{model.name}{against}: {many(data.rows, 'row')} of {place(data.place)}, predicting {data.target}",
            Tone.STRONG,
        ),
        *(Line(note, Tone.WARN) for note in data.notes),
        _metrics(result),
        Line(f"{', '.join(cost)}, {model.estimator}" if model.estimator else ", ".join(cost), Tone.DIM),
        *((_slices(result.slices[:MOST_SLICES], is_compared=other is not None),) if result.slices else ()),
        *((Line(f"and {-left} more", Tone.DIM),) if left < 0 else ()),
        *_gate(result),
        *((Line(f"Recorded as run {short(result.run)}.", Tone.DIM),) if result.run else ()),
        *((Line(f"The report: {place(result.report)}", Tone.DIM),) if result.report else ()),
    )


def picture(result: Result) -> str:
    """The report, and what became of it."""
    told = [f"{result.promoted} is version {result.version} now."] if result.promoted else []
    if result.run:
        told.append(f"Recorded as run {short(result.run)}.")
    return body(result) + f"<div>{escape(' '.join(told))}</div>"


def widget(result: Result) -> Any:
    """A column to pick, and its slices."""
    columns = list(dict.fromkeys(each.column for each in result.slices))
    if len(columns) < 2:
        return None
    try:
        import ipywidgets
    except ImportError:
        return None
    whole = result.metric(result.slices[0].metric)
    picked = ipywidgets.Dropdown(options=columns, description="Slices of")
    table = ipywidgets.HTML()

    def draw(column: str) -> None:
        found = [each for each in result.slices if each.column == column]
        table.value = f'<div class="{CLASS}">{slices_of(found, whole.value if whole is not None else None)}</div>'

    picked.observe(lambda change: draw(change["new"]), "value")
    draw(columns[0])
    return ipywidgets.VBox([picked, table])


def _metrics(result: Result) -> Table:
    share = f"{100 * result.confidence:g} % interval"
    if result.against is None:
        alone = tuple(
            (cell(each.name, Tone.STRONG), cell(_short(each.value)), cell(_span(each.low, each.high)))
            for each in result.metrics
        )
        return Table(columns=("metric", "value", share), rows=alone, numeric=frozenset({1}))
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(_short(each.value)),
            cell(_span(each.low, each.high)),
            cell(_short(each.against)),
            Cell(_signed(each.difference), _tone(each)),
            cell(_span(each.difference_low, each.difference_high)),
        )
        for each in result.metrics
    )
    columns = ("metric", "value", share, "other", "difference", "its interval")
    return Table(columns=columns, rows=rows, numeric=frozenset({1, 3, 4}), optional=frozenset({2}))


def _slices(slices: tuple[Slice, ...], *, is_compared: bool) -> Table:
    rows = tuple(
        (
            cell(each.column, Tone.STRONG),
            cell(each.value),
            cell(each.rows),
            cell(_short(each.score)),
            cell(_span(each.low, each.high)),
            *((cell(_short(each.against)),) if is_compared else ()),
        )
        for each in slices
    )
    columns = ("column", "value", "rows", slices[0].metric, "interval", *(("other",) if is_compared else ()))
    return Table(columns=columns, rows=rows, title="Slices, the worst first", numeric=frozenset({2, 3, 5}))


def _gate(result: Result) -> Page:
    if result.passed is None:
        return ()
    lines = [
        Line(f"{'kept' if each.passed else 'not kept'}: {each.why}", Tone.GOOD if each.passed else Tone.BAD)
        for each in result.gate
    ]
    told = Line("The gate is passed.", Tone.GOOD) if result.passed else Line("The gate is not passed.", Tone.BAD)
    if not result.promoted:
        return (*lines, told)
    before = f", until now version {result.before}" if result.before and result.before != result.version else ""
    return (*lines, told, Line(f"{result.promoted} is version {result.version} now{before}.", Tone.GOOD))


def _tone(metric: Metric) -> Tone:
    """Of a difference that is not by chance."""
    low, high = metric.difference_low, metric.difference_high
    if low is None or high is None or low <= 0 <= high:
        return Tone.PLAIN
    return Tone.GOOD if (low > 0) == metric.is_higher_better else Tone.BAD


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
