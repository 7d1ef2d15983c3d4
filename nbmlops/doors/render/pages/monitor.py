from typing import Any

from nbmlops.doors.render.blocks import Cell, Line, Page, Table, Tone, ago, cell, many, place
from nbmlops.doors.render.column_picker import column_picker
from nbmlops.lib.clock import utc_now
from nbmlops.model.drift import Drift, Verdict
from nbmlops.model.finding import Severity
from nbmlops.model.monitoring import Performance, Window
from nbmlops.monitor.report import body
from nbmlops.monitor.timeline import with_gaps
from nbmlops.ops.monitor import Result, verdict

MOST_WINDOWS, MOST_COLUMNS = 60, 8
_BARS = " ▁▂▃▄▅▆▇█"


def page(result: Result) -> Page:
    head = Line(f"{verdict(result)}.", Tone.BAD if result.findings else Tone.GOOD)
    revisions = list(dict.fromkeys(each.revision for each in result.windows))
    since = ago(result.since, utc_now())
    told = f"{many(result.rows, 'row')} since {since}, {many(len(result.windows), 'window')}"
    return (
        head,
        *(
            Line(each.message, Tone.BAD if each.severity is Severity.ERROR else Tone.WARN)
            for each in sorted(result.findings, key=lambda each: each.severity is not Severity.ERROR)
        ),
        *(Line(f"Over: {each.finding.message}", Tone.GOOD) for each in result.events if each.is_over),
        Line(f"{told}; compared with {result.reference or 'nothing yet'}.", Tone.DIM),
        *(_timeline(result, revision, len(revisions) > 1) for revision in revisions),
        *(_columns(drift, revision if len(revisions) > 1 else "") for revision, drift in result.drift if _told(drift)),
        *(_performance(each, len(revisions) > 1) for each in result.performance if each.metrics),
        *(_estimates(each) for each in result.performance if each.estimates),
        *(Line(_labels(each), Tone.DIM) for each in result.performance),
        *(Line(note, Tone.WARN) for note in result.notes),
        *((Line(f"The report: {place(result.report)}", Tone.DIM),) if result.report else ()),
    )


def picture(result: Result) -> str:
    """The report."""
    return body(result)


def widget(result: Result) -> Any:
    return column_picker(result.drift[-1][1]) if result.drift else None


def _timeline(result: Result, revision: str, is_named: bool) -> Table:
    slots = with_gaps([each for each in result.windows if each.revision == revision])[-MOST_WINDOWS:]
    windows = [each for each in slots if each is not None]
    most = max(each.rows for each in windows)
    bars = _bars([each.rows / most if each is not None else None for each in slots])
    rows = [(cell("rows", Tone.DIM), Cell(bars), cell(f"up to {most:,}", Tone.DIM))]
    worst = [each.worst if each is not None else None for each in slots]
    if any(each is not None for each in worst):
        highest = max(each for each in worst if each is not None)
        tone = Tone.BAD if windows[-1].drifted else Tone.PLAIN
        bars = _bars([None if each is None else each / max(highest, 1.0) for each in worst])
        rows.append((cell("drift", Tone.DIM), Cell(bars, tone), cell(f"up to {highest:.3g} of the limit", Tone.DIM)))
    figures = [each for each in result.by_window if each.revision == revision and each.metrics]
    if figures:
        values = {each.start: each.metrics[0].value for each in figures}
        known = [value for value in values.values() if value is not None]
        top = max([*known, 1.0] if figures[0].task == "classification" else known, default=1.0) or 1.0
        found = [values.get(each.start) if each is not None else None for each in slots]
        bars = _bars([None if value is None else value / top for value in found])
        rows.append((cell(figures[0].metrics[0].name, Tone.DIM), Cell(bars), cell(f"last {known[-1]:.4g}", Tone.DIM)))
    title = f"Revision {revision}, {_span(windows)}" if is_named else _span(windows)
    return Table(columns=("", "", ""), rows=tuple(rows), title=title)


def _span(windows: list[Window]) -> str:
    return f"{windows[0].start:%Y-%m-%d %H:%M} to {windows[-1].end:%Y-%m-%d %H:%M} UTC"


def _bars(shares: list[float | None]) -> str:
    """A letter for each; a dot where nothing is known."""
    return "".join(
        "·" if each is None else _BARS[min(8, max(1 if each > 0 else 0, round(each * 8)))] for each in shares
    )


def _told(drift: Drift) -> bool:
    return any(each.measures for each in drift.columns)


def _columns(drift: Drift, revision: str) -> Table:
    shown = drift.columns[:MOST_COLUMNS]
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(each.verdict.value, Tone.BAD if each in drift.drifted else Tone.DIM),
            cell(each.measures[0].name if each.measures else ""),
            cell(f"{each.measures[0].value:.3g}" if each.measures else ""),
            cell(f"{each.effect:.2f}" if each.verdict in (Verdict.DRIFTED, Verdict.STABLE) else ""),
            cell(each.why, Tone.DIM),
        )
        for each in shown
    )
    more = len(drift.columns) - len(shown)
    of = f"Revision {revision}: " if revision else ""
    title = f"{of}Columns, the worst first" + (f"; {more} more" if more > 0 else "")
    return Table(columns=("column", "", "measure", "", "of its limit", ""), rows=rows, title=title,
                 numeric=frozenset({3, 4}), optional=frozenset({5, 2}))  # fmt: skip


def _performance(found: Performance, is_named: bool) -> Table:
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(f"{each.value:.4g}" if each.value is not None else ""),
            cell(f"{each.low:.4g} to {each.high:.4g}" if each.low is not None and each.high is not None else ""),
        )
        for each in found.metrics[:6]
    )
    title = f"By labels, revision {found.revision}" if is_named else "By labels"
    return Table(columns=("metric", "value", "95 % interval"), rows=rows, title=title, numeric=frozenset({1}))


def _estimates(found: Performance) -> Table:
    rows = tuple(
        (cell(each.name, Tone.STRONG), cell(f"{each.value:.4g}"), cell(f"{each.low:.4g} to {each.high:.4g}"))
        for each in found.estimates
    )
    title = f"Expected of {found.estimates[0].rows:,} rows of the newest window without labels"
    return Table(columns=("metric", "value", "95 % band"), rows=rows, title=title, numeric=frozenset({1}))


def _labels(found: Performance) -> str:
    share = f"{found.labelled / found.rows:.1%}" if found.rows else "0 %"
    delay = f", told after {_time(found.delay)} (median)" if found.delay is not None else ""
    return f"{found.labelled:,} of {found.rows:,} rows have a label ({share}){delay}."


def _time(seconds: float) -> str:
    for limit, unit, name in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (129_600.0, 3600.0, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} d"
