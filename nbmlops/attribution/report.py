"""An explanation as one HTML page: nothing is fetched, nothing runs, light and dark as the reader's system is.

`body` is the same as a part of another page, such as a notebook, whose colours it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbmlops.attribution.drawing import STYLE, importance_bar, place_mark, sparkline, step_bar
from nbmlops.lib import digest
from nbmlops.lib.web_page import Cell, inside, line, number, page, short, signed, span, table
from nbmlops.model.attribution import CHANGE, Dependence, ExplainedRow, Explanation, Importance, Outcome

MOST_COLUMNS, MOST_PARTS = 20, 10
CLEAR = 0.7
"""Rank correlation from which on a direction is told."""
_STYLE = f"""
{STYLE}
.R h3{{font-size:14px;margin:16px 0 4px}}.R td.name{{max-width:26em;overflow:hidden;text-overflow:ellipsis}}
.R figure{{margin:0 0 8px;width:200px}}.R figcaption{{font-size:13px;overflow:hidden;text-overflow:ellipsis}}
.R .ends{{display:flex;justify-content:space-between;font-size:11px;color:var(--dim);gap:8px}}
.R .total td{{font-weight:600}}
"""


def report(found: Explanation) -> str:
    """A whole page."""
    return page(f"{found.model.name}: explanation", _parts(found), _STYLE)


def body(found: Explanation) -> str:
    """The same inside of another page."""
    return inside(_parts(found), _STYLE)


def row_body(row: ExplainedRow, number_of: int = 0) -> str:
    """One row, and one of its outcomes, inside of another page."""
    return inside(_head_of(row) + (_outcome(row.outcomes[number_of]) if row.outcomes else ""), _STYLE)


def direction(each: Importance) -> str:
    """In words; empty where it is not clear."""
    if each.direction is None or abs(each.direction) < CLEAR:
        return ""
    return "rises with it" if each.direction > 0 else "falls with it"


def loss_told(found: Explanation) -> str:
    """What importance is, in one sentence."""
    if found.metric == CHANGE:
        moved = "the share of probability that goes to other classes" if found.of else "the mean change of the value"
        return f"How far answers move when a column is shuffled: {moved}."
    score = f", {found.score:.4g} as it is," if found.score is not None else ""
    return f"How much worse {found.metric}{score} gets when a column is shuffled."


def _parts(found: Explanation) -> str:
    return "".join([_head(found), _importances(found), _curves(found), _rows(found), _about(found)])


def _head(found: Explanation) -> str:
    data = found.data
    predicting = f", predicting {escape(data.target)}" if data.target else ""
    return (
        f"<h1>{escape(found.model.name)}</h1>"
        f'<p class="dim">{data.rows:,} rows of {escape(data.place)}{predicting}; {found.task}</p>'
        + "".join(line(note, "warn") for note in (*data.notes, *found.notes))
    )


def _importances(found: Explanation) -> str:
    first, rest = found.importances[:MOST_COLUMNS], found.importances[MOST_COLUMNS:]
    known = [v for each in found.importances for v in (each.importance, each.low, each.high) if v is not None]
    scale = (min([0.0, *known]), max([0.0, *known]) or 1.0)
    more = f"<details><summary>{len(rest)} more</summary>{_table(found, rest, scale)}</details>" if rest else ""
    told = loss_told(found)
    if any(direction(each) for each in first):
        about = f"the probability of {found.of}" if found.of else "the value"
        told += f" “Rises with it”: a higher value goes with a higher answer, {about}."
    return f"<h2>Columns</h2>{line(told, 'dim')}{_table(found, first, scale)}{more}"


def _table(found: Explanation, importances: Sequence[Importance], scale: tuple[float, float]) -> str:
    has_shap = any(each.contribution is not None for each in found.importances)
    has_direction = any(direction(each) for each in found.importances)
    rows: list[list[Cell]] = [
        [
            ("name", escape(each.name) + (f' <span class="warn">{escape(each.why)}</span>' if each.why else "")),
            number(short(each.importance)),
            importance_bar(each.importance, each.low, each.high, scale, f"Importance of {each.name}"),
            number(span(each.low, each.high)),
            number(f"{100 * each.share:.0f} %" if each.share is not None else ""),
            *((number(short(each.change)),) if found.metric != CHANGE else ()),
            *((number(short(each.contribution)),) if has_shap else ()),
            *((direction(each),) if has_direction else ()),
        ]
        for each in importances
    ]
    lost = "lost" if found.metric != CHANGE else CHANGE
    heads = ["column", lost, "", f"{100 * found.confidence:g} % interval", "share"]
    heads += [
        *(("answers move by",) if found.metric != CHANGE else ()),
        *(("mean |SHAP|",) if has_shap else ()),
        *(("the answer",) if has_direction else ()),
    ]
    return table(heads, rows)


def _curves(found: Explanation) -> str:
    if not found.curves:
        return ""
    every = [answer for curve in found.curves for answer in curve.answers]
    scale = (min(every), max(every))
    of = f"probability of {found.of}" if found.of else "value"
    told = f"The mean {of} if all rows had the same value in a column; all from {scale[0]:.4g} to {scale[1]:.4g}."
    return (
        f'<h2>How the answer goes</h2>{line(told, "dim")}<div class="side">'
        + "".join(
            f"<figure><figcaption>{escape(curve.column)}</figcaption>{sparkline(curve, scale)}{_ends(curve)}</figure>"
            for curve in found.curves
        )
        + "</div>"
    )


def _ends(curve: Dependence) -> str:
    if curve.places:
        return f'<div class="ends"><span>{escape(curve.values[0])}</span><span>{escape(curve.values[-1])}</span></div>'
    return f'<div class="ends"><span>{escape(", ".join(curve.values))}</span></div>'


def _rows(found: Explanation) -> str:
    if not found.explained:
        return ""
    told = f"What each column adds to the mean answer over {found.background:,} background rows ({found.method})."
    parts = ["<h2>Rows</h2>", line(told, "dim")]
    for row in found.explained:
        parts.append(_head_of(row))
        if row.outcomes:
            parts.append(_outcome(row.outcomes[0]))
        parts += [
            f"<details><summary>{escape(each.of)}: {each.answer:.4g}</summary>{_outcome(each)}</details>"
            for each in row.outcomes[1:]
        ]
    return "".join(parts)


def _head_of(row: ExplainedRow) -> str:
    truth = f", truly {escape(row.truth)}" if row.truth else ""
    head = f'<h3>Row {row.row:,}: {escape(row.answer)}{truth} <span class="dim">({escape(row.picked)})</span></h3>'
    return head + (line(f"It could not be explained: {row.why}", "warn") if row.why else "")


def _outcome(outcome: Outcome) -> str:
    first = [each for each in outcome.parts[:MOST_PARTS] if each.amount]
    rest = outcome.parts[len(first) :]
    steps = [(each.name, each.value, each.amount, each.error) for each in first]
    if rest:
        steps.append((f"{len(rest)} more", "", sum(each.amount for each in rest), None))
    at = [outcome.base]
    for _, _, amount, _ in steps:
        at.append(at[-1] + amount)
    scale = (min([*at, outcome.answer]), max([*at, outcome.answer]))
    has_errors = any(error is not None for *_, error in steps)
    of = f"probability of {outcome.of}" if outcome.of else "value"
    blank: list[Cell] = [number("")] if has_errors else []
    start = place_mark(outcome.base, scale, "Mean answer")
    rows: list[list[Cell]] = [[("name", "mean answer"), "", number(short(outcome.base)), start, *blank]]
    for place, (name, value, amount, error) in enumerate(steps):
        rows.append(
            [
                ("name", escape(name)),
                escape(value),
                number(signed(amount)),
                step_bar(at[place], at[place + 1], scale, f"{name} adds {amount:+.4g}"),
                *((number(f"± {error:.2g}" if error is not None else ""),) if has_errors else ()),
            ]
        )
    rows.append(
        [
            ("name", f"<b>{escape(of)}</b>"),
            "",
            number(f"<b>{short(outcome.answer)}</b>"),
            place_mark(outcome.answer, scale, "The answer"),
            *blank,
        ]
    )
    return table(["column", "value", "adds", "", *(("standard error",) if has_errors else ())], rows)


def _about(found: Explanation) -> str:
    identity = f", run {digest.short(found.model.run)}" if found.model.run else ""
    estimator = f"{found.model.estimator}{identity}. " if found.model.estimator else ""
    told = (
        f"{estimator}{found.rows:,} rows, each column shuffled {found.repeats} times; intervals of "
        f"{100 * found.confidence:g} % by the jackknife, over rows and shuffles. Data {found.data.place}, BLAKE3 "
        f"{digest.short(found.data.digest)}. Importance tells what this model uses, not what causes what."
    )
    return f"<h2>How it was found</h2>{line(told, 'dim')}"
