"""A look as one HTML page: findings, windows over time, columns beside their reference, performance with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbmlops.drift.report import columns
from nbmlops.lib.drawing import interval_bar, timeline
from nbmlops.lib.web_page import Cell, inside, line, number, page, short, span, table
from nbmlops.model.drift import Drift
from nbmlops.model.finding import Finding, Severity
from nbmlops.model.monitoring import Look, Performance, Window
from nbmlops.monitor.timeline import with_gaps

MOST_SLICES = 12


def report(look: Look) -> str:
    """A whole page."""
    return page(f"{look.deployment}: monitor", _parts(look))


def body(look: Look) -> str:
    """The same as a part of another page."""
    return inside(_parts(look))


def _parts(look: Look) -> str:
    revisions = list(dict.fromkeys(each.revision for each in look.windows))
    parts = [_head(look), _findings(look)]
    parts += [_windows(look, revision, len(revisions) > 1) for revision in revisions]
    parts += [_columns(drift, revision if len(revisions) > 1 else "") for revision, drift in look.drift]
    parts += [_performance(each, look) for each in look.performance]
    parts.append("".join(line(note, "dim") for note in look.notes))
    return "".join(parts)


def _head(look: Look) -> str:
    count = len(look.findings)
    if count:
        verdict = line(f"{count} {'thing is' if count == 1 else 'things are'} wrong.", "bad", is_verdict=True)
    elif look.windows:
        verdict = line("In order.", "good", is_verdict=True)
    else:
        verdict = line("There was nothing to look at.", "dim", is_verdict=True)
    return (
        f"<h1>{escape(look.deployment)}</h1>"
        f'<p class="dim">{look.rows:,} rows from {look.since:%Y-%m-%d %H:%M} to {look.time:%Y-%m-%d %H:%M} UTC; '
        f"compared with {escape(look.reference or 'nothing yet')}</p>{verdict}"
    )


def _findings(look: Look) -> str:
    begun = {(each.finding.kind, each.finding.subject) for each in look.events if not each.is_over}

    def state(each: Finding) -> str:
        return "new" if (each.kind, each.subject) in begun else "goes on"

    rows: list[list[Cell]] = [
        [
            f'<span class="{"bad" if each.severity is Severity.ERROR else "warn"}">{escape(each.kind)}</span>',
            escape(each.subject),
            number(short(each.value)),
            number(short(each.limit)),
            ("text", escape(each.message)),
            state(each),
        ]
        for each in sorted(look.findings, key=lambda each: each.severity is not Severity.ERROR)
    ]
    over = "".join(line(f"Over: {each.finding.message}", "good") for each in look.events if each.is_over)
    if not rows:
        return over
    return f"<h2>Findings</h2>{table(['', 'of', 'found', 'limit', '', ''], rows)}{over}"


def _windows(look: Look, revision: str, is_named: bool) -> str:
    windows = [each for each in look.windows if each.revision == revision]
    by_start = {each.start: each for each in look.by_window if each.revision == revision and each.metrics}
    slots = with_gaps(windows)
    counts = [float(each.rows) if each is not None else 0.0 for each in slots]
    rows: list[list[Cell]] = [_over_time("rows", counts)]
    worst = [each.worst if each is not None else None for each in slots]
    if any(each is not None for each in worst):
        rows.append(_over_time("worst column's drift, over its limit", worst, limit=1.0))
    if by_start:
        name = next(iter(by_start.values())).metrics[0].name
        values = [
            by_start[each.start].metrics[0].value if each is not None and each.start in by_start else None
            for each in slots
        ]
        rows.append(_over_time(f"{escape(name)}, by labels", values))
    took = [each.p99 if each is not None else None for each in slots]
    if any(each is not None for each in took):
        rows.append(_over_time("p99, seconds", took))
    title = f"Windows of revision {escape(revision)}" if is_named else "Windows"
    told = f"{windows[0].start:%Y-%m-%d %H:%M} to {windows[-1].end:%Y-%m-%d %H:%M} UTC, each {_length(windows[-1])}."
    return f"<h2>{title}</h2>{line(told, 'dim')}{table(['', '', 'last'], rows)}"


def _over_time(name: str, values: Sequence[float | None], *, limit: float | None = None) -> list[Cell]:
    last = next((each for each in reversed(values) if each is not None), None)
    return [name, timeline(values, limit=limit, label=f"{name}, by window"), number(short(last))]


def _columns(drift: Drift, revision: str) -> str:
    told = (
        f"Of {f'revision {revision}, ' if revision else ''}the newest window that has enough rows, from "
        f"{drift.current} UTC on: {drift.current_rows:,} rows against {drift.reference_rows:,}."
    )
    return columns(drift) + line(told, "dim")


def _performance(found: Performance, look: Look) -> str:
    share = f"{found.labelled / found.rows:.1%}" if found.rows else "none"
    told = line(f"Revision {found.revision}: {found.labelled:,} of {found.rows:,} rows have a label ({share}).", "dim")
    confidence = f"{100 * look.confidence:g} %"
    parts = [told]
    if found.metrics:
        rows: list[list[Cell]] = [
            [
                escape(each.name),
                number(short(each.value)),
                interval_bar(each.value, each.low, each.high, _scale(each.value, each.high), label=each.name),
                number(span(each.low, each.high)),
            ]
            for each in found.metrics
        ]
        parts.append(table(["metric", "value", "", f"{confidence} interval"], rows))
    if found.estimates:
        parts.append(
            line("Expected of the newest window's rows without labels, if inputs mean what they meant.", "dim")
        )
        rows = [
            [
                escape(each.name),
                number(short(each.value)),
                interval_bar(each.value, each.low, each.high, _scale(each.value, each.high), label=each.name),
                number(span(each.low, each.high)),
                number(f"{each.rows:,}"),
                number(f"{each.from_rows:,}"),
            ]
            for each in found.estimates
        ]
        parts.append(table(["metric", "expected", "", f"{confidence} band", "rows", "learnt from"], rows))
    if found.slices:
        rows = [
            [
                escape(each.column),
                escape(each.value),
                number(f"{each.rows:,}"),
                number(short(each.score)),
                interval_bar(each.score, each.low, each.high, _scale(each.score, each.high), label="Interval"),
            ]
            for each in found.slices[:MOST_SLICES]
        ]
        parts.append(line("Slices, the worst first.", "dim"))
        parts.append(table(["column", "value", "rows", found.slices[0].metric, ""], rows))
    return f"<h2>Performance</h2>{''.join(parts)}"


def _scale(value: float | None, high: float | None) -> tuple[float, float]:
    most = max([each for each in (value, high) if each is not None], default=1.0)
    return 0.0, max(1.0, most)


def _length(window: Window) -> str:
    seconds = (window.end - window.start).total_seconds()
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
