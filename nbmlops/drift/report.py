"""Drift as one HTML page, the worst columns first; `body` as a part of another page."""

from __future__ import annotations

from html import escape

from nbmlops.lib.drawing import bar_pairs, density_pair
from nbmlops.lib.web_page import Cell, inside, line, number, page, table, tone
from nbmlops.model.drift import ColumnDrift, Drift, Verdict

MOST = 500
"""Columns that are drawn."""
_BAD = (Verdict.DRIFTED, Verdict.CHANGED, Verdict.GONE)
_LARGE = ".R .large svg{width:460px;height:auto}"
_HEADS = ("", "column", "over the limit", "reference (filled) and now", "what has moved", "measures")


def report(drift: Drift) -> str:
    return page(f"{drift.current} against {drift.reference}", parts(drift))


def body(drift: Drift) -> str:
    return inside(parts(drift))


def parts(drift: Drift) -> str:
    head = (
        f"<h1>{escape(drift.current)} against {escape(drift.reference)}</h1>"
        f'<p class="dim">{drift.current_rows:,} rows against {drift.reference_rows:,}; '
        f"{'from all rows' if drift.is_exact else 'from profiles (within 2 %)'}</p>"
    )
    return (
        head + verdict(drift) + "".join(line(each, "warn") for each in drift.notes) + together(drift) + columns(drift)
    )


def verdict(drift: Drift) -> str:
    moved = drift.drifted
    if not moved:
        return line("Nothing has drifted.", "good", is_verdict=True)
    weighted = ""
    if drift.weighted is not None:
        weighted = f" They hold {100 * drift.weighted:.0f} % of what the model's answers come from."
    return line(f"{len(moved)} of {len(drift.columns)} columns have drifted.{weighted}", "bad", is_verdict=True)


def together(drift: Drift) -> str:
    if not drift.together:
        return ""
    rows: list[list[Cell]] = [
        [
            f'<span class="{tone(not each.has_drifted)}">{"drifted" if each.has_drifted else "stable"}</span>',
            escape(each.name.replace("_", " ")),
            number(f"{each.value:.3g}"),
            number(f"{each.limit:.3g}"),
            ("text", escape(each.why)),
        ]
        for each in drift.together
    ]
    return f"<h2>All columns together</h2>{table(['', '', 'value', 'limit', ''], rows)}"


def columns(drift: Drift) -> str:
    shown, rest = drift.columns[:MOST], drift.columns[MOST:]
    quiet = [each for each in shown if each.verdict in (Verdict.STABLE, Verdict.TOO_FEW)]
    loud = [each for each in shown if each not in quiet]
    text = f"<h2>Columns</h2>{table(_HEADS, [_row(each) for each in loud])}" if loud else ""
    if quiet:
        summary = f"<summary>{len(quiet)} that have not drifted</summary>"
        text += f"<details{'' if loud else ' open'}>{summary}{table(_HEADS, [_row(each) for each in quiet])}</details>"
    if rest:
        text += line(f"and {len(rest)} more that are not drawn", "dim")
    return text


def _row(found: ColumnDrift) -> list[Cell]:
    kind = "bad" if found.verdict in _BAD else "warn" if found.verdict is Verdict.NEW else "dim"
    matters = f'<br><span class="dim">{100 * found.importance:.0f} % of the answers</span>' if found.importance else ""
    measures = ", ".join(f"{each.name} {each.value:.3g}" for each in found.measures)
    return [
        f'<span class="{kind}">{found.verdict}</span>',
        f"{escape(found.name)}{matters}",
        number(f"{found.effect:.2f} &times;" if found.effect else ""),
        drawing(found),
        ("text", escape(found.why)),
        ("dim", escape(measures)),
    ]


def one(found: ColumnDrift) -> str:
    """A column by itself, as a part of another page."""
    rows: list[list[Cell]] = [
        [escape(each.name), number(f"{each.value:.4g}"), number(f"{each.limit:.3g}" if each.limit else "")]
        for each in found.measures
    ]
    if found.p_value is not None:
        rows.append(["p, corrected", number(f"{found.p_value:.2g}"), ""])
    kind = "bad" if found.verdict in _BAD else "dim"
    told = f'<p><span class="{kind}">{found.verdict}</span> {escape(found.why)}</p>'
    large = f'<div class="large">{drawing(found)}</div>'
    return inside(f'{told}<div class="side">{large}{table(["measure", "value", "limit"], rows)}</div>', _LARGE)


def drawing(found: ColumnDrift) -> str:
    shape = found.shape
    if shape is None:
        return ""
    label = f"{found.name}: reference and now"
    if shape.names:
        return bar_pairs(list(zip(shape.names, shape.before, shape.now, strict=True)), label)
    middles = [(low + high) / 2 for low, high in zip(shape.edges, shape.edges[1:], strict=False)]
    return density_pair(
        list(zip(middles, shape.before, strict=True)), list(zip(middles, shape.now, strict=True)), label
    )
