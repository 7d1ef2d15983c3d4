"""A page as HTML for a notebook: theme colours of JupyterLab, readable without them, nothing fetched."""

from __future__ import annotations

from html import escape

from nbmlops.doors.render.blocks import Block, Cell, Fields, Line, Page, Source, Table, Tone, indent

_COLOURS = {
    Tone.GOOD: "var(--jp-success-color0, #1b7a34)",
    Tone.BAD: "var(--jp-error-color0, #b3261e)",
    Tone.WARN: "var(--jp-warn-color0, #a15c00)",
    Tone.DIM: "var(--jp-ui-font-color2, #666)",
}
_TABLE = "border-collapse:collapse;table-layout:auto;margin:2px 0 8px 0;font-size:13px"
_PAD = "padding:2px 14px 2px 0;vertical-align:top;border:none;background:none;white-space:pre-wrap"


def html(page: Page) -> str:
    return f'<div class="nbmlops" style="font-size:13px;line-height:1.5">{"".join(_block(b) for b in page)}</div>'


def _block(block: Block) -> str:
    if isinstance(block, Line):
        deep = indent(block.text)
        style = f' style="padding-left:{deep}ch"' if deep else ""
        return f"<div{style}>{_span(Cell(block.text[deep:], block.tone))}</div>"
    if isinstance(block, Fields):
        rows = "".join(
            f'<tr><th scope="row" style="{_PAD};text-align:left;font-weight:normal;color:{_COLOURS[Tone.DIM]}">'
            f'{escape(name)}</th><td style="{_PAD};text-align:left">{_span(value)}</td></tr>'
            for name, value in block.rows
        )
        return _title(block.title) + f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>'
    if isinstance(block, Table):
        sides = ["right" if number in block.numeric else "left" for number in range(len(block.columns))]
        head = "".join(
            f'<th scope="col" style="{_PAD};text-align:{side}">{escape(name)}</th>'
            for name, side in zip(block.columns, sides, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="{_PAD};text-align:{side}">{_span(value)}</td>'
                for value, side in zip(row, sides, strict=True)
            )
            + "</tr>"
            for row in block.rows
        )
        return (
            _title(block.title) + f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        )
    assert isinstance(block, Source)
    return _title(block.title) + f'<pre style="margin:2px 0 8px 0">{escape(block.text)}</pre>'


def _title(title: str) -> str:
    return f'<div style="font-weight:600;margin-top:6px">{escape(title)}</div>' if title else ""


def _span(value: Cell) -> str:
    text = escape(value.text).replace("\n", "<br>")
    if value.tone is Tone.STRONG:
        return f"<b>{text}</b>"
    colour = _COLOURS.get(value.tone)
    return f'<span style="color:{colour}">{text}</span>' if colour else text
