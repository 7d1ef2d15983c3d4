"""A look as one HTML page: findings, windows over time, columns beside their reference, performance with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbmlops.lib.drawing import bar_pairs, density_pair, interval_bar, timeline
from nbmlops.lib.web_page import Cell, inside, line, number, page, short, span, table
from nbmlops.model.drift import Drift
from nbmlops.model.finding import Finding, Severity
from nbmlops.model.monitoring import Look, Performance, Window
from nbmlops.model.profile import Categories, Column, Numbers, Profile
from nbmlops.monitor.timeline import with_gaps

MOST_COLUMNS, MOST_SLICES, MOST_BARS = 12, 12, 12
_POINTS = 32


def report(look: Look, before: Profile | None = None, now: Profile | None = None) -> str:
    """A whole page. `before` and `now`: profiles of the worst columns."""
    return page(f"{look.deployment}: monitor", _parts(look, before, now))


def body(look: Look, before: Profile | None = None, now: Profile | None = None) -> str:
    """The same as a part of another page."""
    return inside(_parts(look, before, now))


def _parts(look: Look, before: Profile | None, now: Profile | None) -> str:
    revisions = list(dict.fromkeys(each.revision for each in look.windows))
    parts = [_head(look), _findings(look)]
    parts += [_windows(look, revision, len(revisions) > 1) for revision in revisions]
    for place, (revision, drift) in enumerate(look.drift):
        is_drawn = place == 0 or len(look.drift) == 1
        parts.append(_columns(drift, before if is_drawn else None, now if is_drawn else None,
                              revision if len(revisions) > 1 else ""))  # fmt: skip
    parts += [_performance(each, look) for each in look.performance]
    parts.append("".join(line(note, "dim") for note in look.notes))
    return "".join(parts)


def _head(look: Look) -> str:
    count = len(look.findings)
    rows = sum(each.rows for each in look.windows)
    if count:
        verdict = line(f"{count} {'thing is' if count == 1 else 'things are'} wrong.", "bad", is_verdict=True)
    elif look.windows:
        verdict = line("In order.", "good", is_verdict=True)
    else:
        verdict = line("There was nothing to look at.", "dim", is_verdict=True)
    return (
        f"<h1>{escape(look.deployment)}</h1>"
        f'<p class="dim">{rows:,} rows from {look.since:%Y-%m-%d %H:%M} to {look.time:%Y-%m-%d %H:%M} UTC; compared '
        f"with {escape(look.reference or 'nothing yet')}</p>{verdict}"
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


def _columns(drift: Drift, before: Profile | None, now: Profile | None, revision: str) -> str:
    rows: list[list[Cell]] = []
    drifted = {each.name for each in drift.drifted}
    for each in drift.columns[:MOST_COLUMNS]:
        old = before.column(each.name) if before is not None else None
        new = now.column(each.name) if now is not None else None
        tone = "bad" if each.name in drifted else "dim"
        first = each.measures[0] if each.measures else None
        rows.append(
            [
                escape(each.name),
                f'<span class="{tone}">{escape(each.verdict.value)}</span>',
                escape(first.name) if first is not None else "",
                number(short(first.value) if first is not None else ""),
                number(short(first.limit) if first is not None else ""),
                _drawing(each.name, old, new),
                ("text", escape(each.why)),
            ]
        )
    rest = drift.columns[MOST_COLUMNS:]
    more = line(f"{len(rest)} more, {sum(each.name in drifted for each in rest)} of them drifted.", "dim")
    title = f"Columns of revision {escape(revision)}" if revision else "Columns"
    told = (
        f"The newest window, {drift.current} UTC with {drift.current_rows:,} rows, and the reference, filled grey, "
        f"with {drift.reference_rows:,}; the worst first."
    )
    heads = ["column", "", "measure", "found", "limit", "", ""]
    return f"<h2>{title}</h2>{line(told, 'dim')}{table(heads, rows)}{more if rest else ''}"


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


def _drawing(name: str, before: Column | None, now: Column | None) -> str:
    if before is None or now is None:
        return ""
    if before.numbers is not None and now.numbers is not None:
        return density_pair(*_densities(before.numbers, now.numbers), label=f"{name}: reference and now")
    if before.categories is not None and now.categories is not None:
        return bar_pairs(_pairs(before.categories, now.categories), label=f"{name}: reference and now")
    return ""


def _densities(before: Numbers, now: Numbers) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Shares of rows over one grid, out of quantiles; the outermost values of either are not drawn."""
    import numpy as np

    if not before.quantiles or not now.quantiles:
        return [], []
    edge = len(before.quantiles) // 100
    ends = [each.quantiles[place] for each in (before, now) for place in (edge, -1 - edge)]
    low, high = min(ends), max(ends)
    room = (high - low) / _POINTS or 1.0
    grid = np.linspace(low - room, high + room, _POINTS + 3)
    middles = (grid[1:] + grid[:-1]) / 2
    found = []
    for each in (before, now):
        points = np.array(each.quantiles)
        ranks = np.searchsorted(points, grid, side="right") / len(points)
        found.append(list(zip(middles.tolist(), np.diff(ranks).tolist(), strict=True)))
    return found[0], found[1]


def _pairs(before: Categories, now: Categories) -> list[tuple[str, float, float]]:
    total, current = (sum(each.counts.values()) + each.other or 1 for each in (before, now))
    names = sorted(
        {*before.counts, *now.counts},
        key=lambda name: -(before.counts.get(name, 0) / total + now.counts.get(name, 0) / current),
    )
    return [(name, before.counts.get(name, 0) / total, now.counts.get(name, 0) / current) for name in names[:MOST_BARS]]


def _scale(value: float | None, high: float | None) -> tuple[float, float]:
    most = max([each for each in (value, high) if each is not None], default=1.0)
    return 0.0, max(1.0, most)


def _length(window: Window) -> str:
    seconds = (window.end - window.start).total_seconds()
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
