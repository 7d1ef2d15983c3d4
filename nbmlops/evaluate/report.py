"""An evaluation as one HTML page: nothing is fetched, nothing runs, light and dark as the reader's system is.

`body` is the same as a part of another page, such as a notebook, whose colours it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbmlops.evaluate.drawing import reliability, scatter
from nbmlops.lib import digest
from nbmlops.lib.drawing import interval_bar
from nbmlops.lib.web_page import Cell, inside, line, number, page, short, signed, span, table, tone
from nbmlops.model.evaluation import Confusion, Evaluated, Evaluation, Metric, Residuals, Slice

MOST_SLICES = 15
_OF_VALUES = frozenset({"mae", "rmse", "median_ae"})
_QUANTILES = ("least", "5 %", "25 %", "median", "75 %", "95 %", "most")
_STYLE = """
.R .confusion td,.R .confusion th{padding:5px 10px;text-align:right}
.R .confusion td{border:1px solid var(--line);background:color-mix(in srgb,var(--c) var(--p),transparent)}
"""


def report(found: Evaluation) -> str:
    """A whole page."""
    return page(found.model.name, _parts(found), _STYLE)


def body(found: Evaluation) -> str:
    """The same inside of another page."""
    return inside(_parts(found), _STYLE)


def _parts(found: Evaluation) -> str:
    parts = [_head(found), _gate(found), _metrics(found)]
    if found.confusion is not None:
        parts.append(_answers(found, found.confusion))
    if found.residuals is not None:
        parts.append(_residuals(found.residuals))
    return "".join([*parts, _slices(found), _about(found)])


def slices_of(slices: Sequence[Slice], whole: float | None) -> str:
    """A table of them, as they come. `whole`: the figure over all rows."""
    if not slices:
        return ""
    is_compared = any(each.against is not None for each in slices)
    known = [
        value
        for each in slices
        for value in (each.score, each.low, each.high, each.against, whole)
        if value is not None
    ]
    scale = (min(known, default=0.0), max(known, default=1.0))
    rows: list[list[Cell]] = [
        [
            escape(each.column),
            escape(each.value),
            number(f"{each.rows:,}"),
            number(short(each.score)),
            interval_bar(each.score, each.low, each.high, scale, other=each.against, mark=whole, label="Interval"),
            *((number(short(each.against)), _loss(each.loss)) if is_compared else ()),
        ]
        for each in slices
    ]
    heads = ["column", "value", "rows", slices[0].metric, f"{scale[0]:.3g} to {scale[1]:.3g}"]
    return table([*heads, *(("other", "worse by") if is_compared else ())], rows)


def _head(found: Evaluation) -> str:
    data = found.data
    against = f" against {escape(found.against.name)}" if found.against is not None else ""
    verdict = ""
    if found.passed is not None:
        verdict = line(
            "The gate is passed." if found.passed else "The gate is not passed.", tone(found.passed), is_verdict=True
        )
    left_out = f", {data.left_out:,} left out" if data.left_out else ""
    return (
        f"<h1>{escape(found.model.name)}{against}</h1>"
        f'<p class="dim">{data.rows:,} rows of {escape(data.place)}{left_out}, predicting {escape(data.target)}; '
        f"{found.task}</p>{verdict}" + "".join(line(note, "warn") for note in data.notes)
    )


def _gate(found: Evaluation) -> str:
    if not found.gate:
        return ""
    rows: list[list[Cell]] = [
        [
            f'<span class="{tone(each.passed)}">{"kept" if each.passed else "not kept"}</span>',
            escape(each.rule),
            number(short(each.limit)),
            number(short(each.value)),
            ("text", escape(each.why)),
        ]
        for each in found.gate
    ]
    return f"<h2>Gate</h2>{table(['', 'rule', 'limit', 'found', ''], rows)}"


def _metrics(found: Evaluation) -> str:
    share = f"{100 * found.confidence:g} %"
    is_compared = found.against is not None
    rows: list[list[Cell]] = []
    for each in found.metrics:
        bar = interval_bar(
            each.value, each.low, each.high, _scale(each, found.metrics), other=each.against, label=each.name
        )
        row: list[Cell] = [escape(each.name), number(short(each.value)), bar, number(span(each.low, each.high))]
        if is_compared:
            colour = _verdict(each)
            difference = (
                f'<span class="{colour}">{signed(each.difference)}</span>' if colour else signed(each.difference)
            )
            row += [
                number(short(each.against)),
                number(difference),
                number(span(each.difference_low, each.difference_high)),
            ]
        rows.append(row)
    heads = ["metric", "value", "", f"{share} interval"]
    told = ""
    if is_compared:
        heads += ["other", "difference", f"its {share} interval"]
        told = line("Hollow dots are the other model. A coloured difference is not by chance alone.", "dim")
    return f"<h2>Metrics</h2>{told}{table(heads, rows)}"


def _answers(found: Evaluation, confusion: Confusion) -> str:
    heads = "".join(f"<th>{escape(each)}</th>" for each in confusion.labels)
    rows = []
    for true, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        total = sum(counts) or 1
        cells = "".join(
            f'<td style="--c:var(--{"blue" if true == said else "bad"});--p:{60 * count / total:.0f}%">{count:,}</td>'
            for said, count in enumerate(counts)
        )
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    parts = (
        '<div><h2>Confusion</h2><p class="dim">A row for each true label, a column for each predicted one.</p>'
        f'<div class="wide"><table class="confusion"><tr><th></th>{heads}</tr>{"".join(rows)}</table></div></div>'
    )
    if found.calibration is not None:
        of = f"the label {escape(found.calibration.of)}" if found.calibration.of else "the predicted label"
        parts += (
            f'<div><h2>Calibration</h2><p class="dim">Probability of {of}; mean error {found.calibration.error:.3g}. '
            f"Below the diagonal, it promises too much.</p>{reliability(found.calibration)}</div>"
        )
    return f'<div class="side">{parts}</div>'


def _residuals(found: Residuals) -> str:
    rows: list[list[Cell]] = [
        [name, number(f"{value:.4g}")] for name, value in zip(_QUANTILES, found.quantiles, strict=True)
    ]
    rows += [["mean", number(f"{found.mean:.4g}")], ["standard deviation", number(f"{found.spread:.4g}")]]
    return (
        f'<div class="side"><div><h2>Predicted and true</h2>{scatter(found)}</div>'
        f'<div><h2>Residuals</h2><p class="dim">Predicted less true value.</p>{table(["", ""], rows)}</div></div>'
    )


def _slices(found: Evaluation) -> str:
    if not found.slices:
        return ""
    whole = next((each.value for each in found.metrics if each.name == found.slices[0].metric), None)
    first, rest = found.slices[:MOST_SLICES], found.slices[MOST_SLICES:]
    more = f"<details><summary>{len(rest)} more</summary>{slices_of(rest, whole)}</details>" if rest else ""
    told = "The worst first. The dashed line is the figure over all rows."
    return f"<h2>Slices</h2>{line(told, 'dim')}{slices_of(first, whole)}{more}"


def _about(found: Evaluation) -> str:
    models = [found.model] if found.against is None else [found.model, found.against]
    rows: list[list[Cell]] = [
        [
            escape(each.name),
            escape(each.estimator),
            number(_size(each.bytes)),
            number(f"{each.milliseconds:,.3g} ms" if each.milliseconds is not None else ""),
            escape(_identity(each)),
        ]
        for each in models
    ]
    return (
        f"<h2>Models</h2>{table(['', 'estimator', 'size', '1000 rows take', 'made by'], rows)}"
        f'<p class="dim">Data {escape(found.data.place)}, BLAKE3 {digest.short(found.data.digest)}. Intervals: '
        f"{100 * found.confidence:g} %, bootstrap (BCa) of {found.resamples:,} samples, both models on the same rows; "
        "of accuracy, Wilson's.</p>"
    )


def _identity(model: Evaluated) -> str:
    if model.run:
        return f"run {digest.short(model.run)}"
    return f"package {model.digest.rpartition(':')[2][:12]}" if model.digest else ""


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


def _scale(metric: Metric, every: Sequence[Metric]) -> tuple[float, float]:
    """From 0 to 1 where that is what it can be; errors in the target's own unit share one."""
    alike = [each for each in every if each.name in _OF_VALUES] if metric.name in _OF_VALUES else [metric]
    known = [v for each in alike for v in (each.value, each.low, each.high, each.against) if v is not None]
    high = max(known, default=1.0)
    return min([0.0, *known]), high * 1.05 if metric.name in _OF_VALUES else max(1.0, high)


def _verdict(metric: Metric) -> str:
    low, high = metric.difference_low, metric.difference_high
    if low is None or high is None or low <= 0 <= high:
        return ""
    return tone((low > 0) == metric.is_higher_better)


def _loss(value: float | None) -> Cell:
    return number(signed(value))
