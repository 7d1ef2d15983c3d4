"""A page as terminal text."""

from __future__ import annotations

import re
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from nbmlops.doors.render.blocks import Block, Cell, Fields, Line, Page, Source, Table, Tone, indent

STYLES = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARN: "yellow",
    Tone.DIM: "dim",
    Tone.STRONG: "bold",
}


GAP = 2
SHORT = 16
"""Columns up to this width are never broken: ids, states, times."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def renderable(page: Page) -> RenderableType:
    first = page[:1]
    return Group(*(_block(block, is_first=True) for block in first), *(_block(block) for block in page[1:]))


def plain_text(page: Page, width: int = 120) -> str:
    """Without colours: what a notebook keeps as the text form."""
    # In a kernel rich would take the notebook for a terminal with colours, and store their codes in the .ipynb file.
    console = Console(width=width, color_system=None, highlight=False, force_terminal=False, force_jupyter=False)
    with console.capture() as capture:
        console.print(renderable(page), soft_wrap=False)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def _block(block: Block, is_first: bool = False) -> RenderableType:
    if isinstance(block, Line):
        text = _harmless(block.text.lstrip("\n") if is_first else block.text)
        deep = indent(text)
        drawn = Text(text[deep:], style=STYLES[block.tone])
        return Padding(drawn, (0, 0, 0, deep), expand=False) if deep else drawn
    if isinstance(block, Fields):
        grid = RichTable.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in block.rows:
            grid.add_row(name, _text(value))
        return _titled(block.title, grid, is_first)
    if isinstance(block, Table):
        return _titled(block.title, _Fitting(block), is_first)
    assert isinstance(block, Source)
    return _titled(block.title, Padding(Text(_harmless(block.text), overflow="fold", tab_size=4), (0, 2)), is_first)


class _Fitting:
    """A table without those of its optional columns, from the right, that the line has no room for."""

    def __init__(self, block: Table) -> None:
        self.block = block

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._table(options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._table(options.max_width)

    def _table(self, width: int) -> RichTable:
        block, kept = self.block, list(range(len(self.block.columns)))
        widths = [max(map(cell_len, (name, *self._lines(n)))) + GAP for n, name in enumerate(block.columns)]
        for number in sorted(block.optional, reverse=True):
            if sum(widths[n] for n in kept) > width:
                kept.remove(number)
        table = RichTable(box=None, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
        for number in kept:
            is_number = number in block.numeric
            is_short = is_number or widths[number] <= SHORT
            side: Literal["left", "right"] = "right" if is_number else "left"
            table.add_column(block.columns[number], justify=side, no_wrap=is_short, overflow="fold")
        for row in block.rows:
            table.add_row(*(_text(row[number]) for number in kept))
        return table

    def _lines(self, number: int) -> list[str]:
        return [line for row in self.block.rows for line in row[number].text.splitlines()]


def _titled(title: str, body: RenderableType, is_first: bool) -> RenderableType:
    if not title:
        return body
    space = "" if is_first else "\n"
    return Group(Text(f"{space}{_harmless(title)}", style="bold"), Padding(body, (0, 0, 0, 2), expand=False))


def _text(value: Cell) -> Text:
    return Text(_harmless(value.text), style=STYLES[value.tone])


def _harmless(text: str) -> str:
    """What others have written gives the terminal no orders."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
