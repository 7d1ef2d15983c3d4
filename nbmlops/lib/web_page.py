"""A report as one HTML page: nothing is fetched, nothing runs, light and dark as the reader's system is.

`inside` is the same as a part of another page, such as a notebook, whose colours it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

Cell = str | tuple[str, str]
"""HTML, or a class and HTML."""
CLASS = "nbmlops-report"
_COLOURS = """
.nbmlops-report{--ink:var(--jp-content-font-color1,#1f2328);--dim:var(--jp-content-font-color2,#636c76);
--line:var(--jp-border-color2,#d5dae0);--paper:var(--jp-layout-color0,#fff);--blue:var(--jp-brand-color1,#0b62c4);
--good:var(--jp-success-color0,#1a7f37);--bad:var(--jp-error-color0,#b3261e);--warn:var(--jp-warn-color0,#8a5200)}
@media (prefers-color-scheme:dark){.nbmlops-report{--ink:var(--jp-content-font-color1,#e4e8ec);
--dim:var(--jp-content-font-color2,#9aa4ae);--line:var(--jp-border-color2,#3b434c);
--paper:var(--jp-layout-color0,#14181d);--blue:var(--jp-brand-color1,#6cb0ff);--good:var(--jp-success-color0,#57c26e);
--bad:var(--jp-error-color0,#ff8a80);--warn:var(--jp-warn-color0,#e3b341)}}
"""
_STYLE = """
.R{color:var(--ink);font:14px/1.45 system-ui,sans-serif}
.R h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere}.R h2{font-size:16px;margin:26px 0 6px}
.R p{margin:2px 0 6px}.R .dim,.R th{color:var(--dim)}.R .good{color:var(--good)}.R .bad{color:var(--bad)}
.R .warn{color:var(--warn)}.R .verdict{font-weight:600;font-size:16px}
.R .wide{overflow-x:auto}.R table{border-collapse:collapse;font-size:13px;margin:0}
.R tr{background:none!important}.R td{color:var(--ink);text-align:left}
.R th{font-weight:500;text-align:left;vertical-align:bottom}
.R th,.R td{padding:3px 14px 3px 0;border:0;border-bottom:1px solid var(--line);background:none;white-space:nowrap}
.R td.text{white-space:normal;min-width:22em}.R .n{text-align:right;font-variant-numeric:tabular-nums}
.R .side p{max-width:26em}.R .side{display:flex;flex-wrap:wrap;gap:8px 44px;align-items:flex-start}
.R svg{display:block;max-width:100%}.R td svg{max-width:none}.R svg text{fill:var(--dim);font-size:11px}
.R .axis,.R .frame{stroke:var(--line);fill:none}.R .mark{stroke:var(--dim);stroke-dasharray:3 3}
.R .span{fill:var(--blue);opacity:.35}.R .dot{fill:var(--blue)}.R .point{fill:var(--blue);opacity:.55}
.R .other{fill:var(--paper);stroke:var(--ink);stroke-width:1.5}
.R .curve{fill:none;stroke:var(--blue);stroke-width:1.5}.R .before{fill:var(--dim);opacity:.4}
.R .before-curve{fill:none;stroke:var(--dim);stroke-width:1.5}.R .now{fill:var(--blue);opacity:.55}
.R rect.good{fill:var(--good)}.R rect.bad{fill:var(--bad)}.R rect.warn{fill:var(--warn)}.R rect.dim{fill:var(--line)}
.R summary{cursor:pointer;color:var(--dim);margin:6px 0}
""".replace(".R", f".{CLASS}")


def page(title: str, parts: str, style: str = "") -> str:
    """A whole page. `style`: more of it; `.R` in it stands for the report."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme"'
        ' content="light dark">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title>"
        "<style>body{margin:0;padding:28px 32px;max-width:1080px;background:var(--paper)}</style>"
        f'{_styled(style)}</head><body class="{CLASS}">{parts}</body></html>\n'
    )


def inside(parts: str, style: str = "") -> str:
    """A part of another page, with an element of its own around it."""
    return f'<div class="{CLASS}">{_styled(style)}{parts}</div>'


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Heads are text, cells are HTML."""
    kinds = [each[0] if isinstance(each, tuple) else "" for each in rows[0]] if rows else [""] * len(heads)
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in zip(heads, kinds, strict=True))
    lines = []
    for row in rows:
        pairs = [each if isinstance(each, tuple) else ("", each) for each in row]
        lines.append("<tr>" + "".join(f'<td class="{kind}">{text}</td>' for kind, text in pairs) + "</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def number(text: str) -> Cell:
    return "n", text


def line(text: str, tone: str = "", *, is_verdict: bool = False) -> str:
    """Of text."""
    return f'<p class="{tone}{" verdict" if is_verdict else ""}">{escape(text)}</p>'


def tone(is_good: bool) -> str:
    return "good" if is_good else "bad"


def short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"


def span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _styled(style: str) -> str:
    return f"<style>{_COLOURS}{_STYLE}{style.replace('.R', f'.{CLASS}')}</style>"
