"""An evaluation as one HTML page: nothing is fetched, nothing runs, light and dark as the reader's system is.

`body` is the same as a part of another page, such as a notebook, whose colours it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbmlops.evaluate.drawing import interval_bar, reliability, scatter
from nbmlops.lib.digest import short
from nbmlops.model.evaluation import Confusion, Evaluated, Evaluation, Metric, Residuals, Slice

MOST_SLICES = 15
_Cell = str | tuple[str, str]
"""HTML, or a class and HTML."""
_OF_VALUES = frozenset({"mae", "rmse", "median_ae"})
_QUANTILES = ("least", "5 %", "25 %", "median", "75 %", "95 %", "most")
_COLOURS = """
.nbe{--ink:var(--jp-content-font-color1,#1f2328);--dim:var(--jp-content-font-color2,#636c76);
--line:var(--jp-border-color2,#d5dae0);--paper:var(--jp-layout-color0,#fff);--blue:var(--jp-brand-color1,#0b62c4);
--good:var(--jp-success-color0,#1a7f37);--bad:var(--jp-error-color0,#b3261e);--warn:var(--jp-warn-color0,#8a5200)}
@media (prefers-color-scheme:dark){.nbe{--ink:var(--jp-content-font-color1,#e4e8ec);
--dim:var(--jp-content-font-color2,#9aa4ae);--line:var(--jp-border-color2,#3b434c);
--paper:var(--jp-layout-color0,#14181d);--blue:var(--jp-brand-color1,#6cb0ff);--good:var(--jp-success-color0,#57c26e);
--bad:var(--jp-error-color0,#ff8a80);--warn:var(--jp-warn-color0,#e3b341)}}
"""
_STYLE = """
.nbe{color:var(--ink);font:14px/1.45 system-ui,sans-serif}
.nbe h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere}.nbe h2{font-size:16px;margin:26px 0 6px}
.nbe p{margin:2px 0 6px}.nbe .dim,.nbe th{color:var(--dim)}.nbe .good{color:var(--good)}.nbe .bad{color:var(--bad)}
.nbe .warn{color:var(--warn)}.nbe .verdict{font-weight:600;font-size:16px}
.nbe .wide{overflow-x:auto}.nbe table{border-collapse:collapse;font-size:13px;margin:0}
.nbe tr{background:none!important}.nbe td{color:var(--ink);text-align:left}
.nbe th{font-weight:500;text-align:left;vertical-align:bottom}
.nbe th,.nbe td{padding:3px 14px 3px 0;border:0;border-bottom:1px solid var(--line);background:none;white-space:nowrap}
.nbe td.text{white-space:normal;min-width:22em}.nbe .n{text-align:right;font-variant-numeric:tabular-nums}
.nbe .side p{max-width:26em}.nbe .side{display:flex;flex-wrap:wrap;gap:8px 44px;align-items:flex-start}
.nbe .confusion td,.nbe .confusion th{padding:5px 10px;text-align:right}
.nbe .confusion td{border:1px solid var(--line);background:color-mix(in srgb,var(--c) var(--p),transparent)}
.nbe svg{display:block;max-width:100%}.nbe td svg{max-width:none}.nbe svg text{fill:var(--dim);font-size:11px}
.nbe .axis,.nbe .frame{stroke:var(--line);fill:none}.nbe .mark{stroke:var(--dim);stroke-dasharray:3 3}
.nbe .span{fill:var(--blue);opacity:.35}.nbe .dot{fill:var(--blue)}.nbe .point{fill:var(--blue);opacity:.55}
.nbe .other{fill:var(--paper);stroke:var(--ink);stroke-width:1.5}
.nbe .curve{fill:none;stroke:var(--blue);stroke-width:1.5}
.nbe summary{cursor:pointer;color:var(--dim);margin:6px 0}
"""


def report(found: Evaluation) -> str:
    """A whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme"'
        ' content="light dark">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(found.model.name)}</title>"
        "<style>body{margin:0;padding:28px 32px;max-width:1080px;background:var(--paper)}</style>"
        f'</head><body class="nbe">{body(found, is_inside=False)}</body></html>\n'
    )


def body(found: Evaluation, *, is_inside: bool = True) -> str:
    """`is_inside` of another page: with an element of its own around it."""
    parts = [f"<style>{_COLOURS}{_STYLE}</style>", _head(found), _gate(found), _metrics(found)]
    if found.confusion is not None:
        parts.append(_answers(found, found.confusion))
    if found.residuals is not None:
        parts.append(_residuals(found.residuals))
    parts += [_slices(found), _about(found)]
    text = "".join(parts)
    return f'<div class="nbe">{text}</div>' if is_inside else text


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
    rows: list[list[_Cell]] = [
        [
            escape(each.column),
            escape(each.value),
            _number(f"{each.rows:,}"),
            _number(_short(each.score)),
            interval_bar(each.score, each.low, each.high, scale, other=each.against, mark=whole, label="Interval"),
            *((_number(_short(each.against)), _loss(each.loss)) if is_compared else ()),
        ]
        for each in slices
    ]
    heads = ["column", "value", "rows", slices[0].metric, f"{scale[0]:.3g} to {scale[1]:.3g}"]
    return _table([*heads, *(("other", "worse by") if is_compared else ())], rows)


def _head(found: Evaluation) -> str:
    data = found.data
    against = f" against {escape(found.against.name)}" if found.against is not None else ""
    verdict = ""
    if found.passed is not None:
        verdict = _line("The gate is passed." if found.passed else "The gate is not passed.", _tone(found.passed), True)
    left_out = f", {data.left_out:,} left out" if data.left_out else ""
    return (
        f"<h1>{escape(found.model.name)}{against}</h1>"
        f'<p class="dim">{data.rows:,} rows of {escape(data.place)}{left_out}, predicting {escape(data.target)}; '
        f"{found.task}</p>{verdict}" + "".join(_line(note, "warn") for note in data.notes)
    )


def _gate(found: Evaluation) -> str:
    if not found.gate:
        return ""
    rows: list[list[_Cell]] = [
        [
            f'<span class="{_tone(each.passed)}">{"kept" if each.passed else "not kept"}</span>',
            escape(each.rule),
            _number(_short(each.limit)),
            _number(_short(each.value)),
            ("text", escape(each.why)),
        ]
        for each in found.gate
    ]
    return f"<h2>Gate</h2>{_table(['', 'rule', 'limit', 'found', ''], rows)}"


def _metrics(found: Evaluation) -> str:
    share = f"{100 * found.confidence:g} %"
    is_compared = found.against is not None
    rows: list[list[_Cell]] = []
    for each in found.metrics:
        bar = interval_bar(
            each.value, each.low, each.high, _scale(each, found.metrics), other=each.against, label=each.name
        )
        row: list[_Cell] = [escape(each.name), _number(_short(each.value)), bar, _number(_span(each.low, each.high))]
        if is_compared:
            tone = _verdict(each)
            difference = f'<span class="{tone}">{_signed(each.difference)}</span>' if tone else _signed(each.difference)
            row += [
                _number(_short(each.against)),
                _number(difference),
                _number(_span(each.difference_low, each.difference_high)),
            ]
        rows.append(row)
    heads = ["metric", "value", "", f"{share} interval"]
    told = ""
    if is_compared:
        heads += ["other", "difference", f"its {share} interval"]
        told = _line("Hollow dots are the other model. A coloured difference is not by chance alone.", "dim")
    return f"<h2>Metrics</h2>{told}{_table(heads, rows)}"


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
    rows: list[list[_Cell]] = [
        [name, _number(f"{value:.4g}")] for name, value in zip(_QUANTILES, found.quantiles, strict=True)
    ]
    rows += [["mean", _number(f"{found.mean:.4g}")], ["standard deviation", _number(f"{found.spread:.4g}")]]
    return (
        f'<div class="side"><div><h2>Predicted and true</h2>{scatter(found)}</div>'
        f'<div><h2>Residuals</h2><p class="dim">Predicted less true value.</p>{_table(["", ""], rows)}</div></div>'
    )


def _slices(found: Evaluation) -> str:
    if not found.slices:
        return ""
    whole = next((each.value for each in found.metrics if each.name == found.slices[0].metric), None)
    first, rest = found.slices[:MOST_SLICES], found.slices[MOST_SLICES:]
    more = f"<details><summary>{len(rest)} more</summary>{slices_of(rest, whole)}</details>" if rest else ""
    told = "The worst first. The dashed line is the figure over all rows."
    return f"<h2>Slices</h2>{_line(told, 'dim')}{slices_of(first, whole)}{more}"


def _about(found: Evaluation) -> str:
    models = [found.model] if found.against is None else [found.model, found.against]
    rows: list[list[_Cell]] = [
        [
            escape(each.name),
            escape(each.estimator),
            _number(_size(each.bytes)),
            _number(f"{each.milliseconds:,.3g} ms" if each.milliseconds is not None else ""),
            escape(_identity(each)),
        ]
        for each in models
    ]
    return (
        f"<h2>Models</h2>{_table(['', 'estimator', 'size', '1000 rows take', 'made by'], rows)}"
        f'<p class="dim">Data {escape(found.data.place)}, BLAKE3 {short(found.data.digest)}. Intervals: '
        f"{100 * found.confidence:g} %, bootstrap (BCa) of {found.resamples:,} samples, both models on the same rows; "
        "of accuracy, Wilson's.</p>"
    )


def _identity(model: Evaluated) -> str:
    if model.run:
        return f"run {short(model.run)}"
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
    return _tone((low > 0) == metric.is_higher_better)


def _loss(value: float | None) -> _Cell:
    return _number(_signed(value))


def _table(heads: Sequence[str], rows: Sequence[Sequence[_Cell]]) -> str:
    kinds = [each[0] if isinstance(each, tuple) else "" for each in rows[0]] if rows else [""] * len(heads)
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in zip(heads, kinds, strict=True))
    lines = []
    for row in rows:
        pairs = [each if isinstance(each, tuple) else ("", each) for each in row]
        lines.append("<tr>" + "".join(f'<td class="{kind}">{text}</td>' for kind, text in pairs) + "</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _number(text: str) -> tuple[str, str]:
    return "n", text


def _line(text: str, tone: str, is_verdict: bool = False) -> str:
    return f'<p class="{tone}{" verdict" if is_verdict else ""}">{escape(text)}</p>'


def _tone(is_good: bool) -> str:
    return "good" if is_good else "bad"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
