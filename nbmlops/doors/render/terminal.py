"""A page as terminal text."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table as RichTable
from rich.text import Text

from nbmlops.doors.render.blocks import Block, Cell, Fields, Line, Page, Source, Table, Tone

STYLES = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARN: "yellow",
    Tone.DIM: "dim",
    Tone.STRONG: "bold",
}


def renderable(page: Page) -> RenderableType:
    return Group(*(_block(block) for block in page))


def plain_text(page: Page, width: int = 120) -> str:
    """Without colours: what a notebook keeps as the text form."""
    # In a kernel rich would take the notebook for a terminal with colours, and store their codes in the .ipynb file.
    console = Console(width=width, color_system=None, highlight=False, force_terminal=False, force_jupyter=False)
    with console.capture() as capture:
        console.print(renderable(page), soft_wrap=False)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def _block(block: Block) -> RenderableType:
    if isinstance(block, Line):
        return Text(block.text, style=STYLES[block.tone])
    if isinstance(block, Fields):
        grid = RichTable.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in block.rows:
            grid.add_row(name, _text(value))
        return _titled(block.title, grid)
    if isinstance(block, Table):
        table = RichTable(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
        for number, name in enumerate(block.columns):
            is_number = number in block.numeric
            table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
        for row in block.rows:
            table.add_row(*(_text(value) for value in row))
        return _titled(block.title, table)
    assert isinstance(block, Source)
    return _titled(block.title, Padding(Syntax(block.text, "text", background_color="default"), (0, 2)))


def _titled(title: str, body: RenderableType) -> RenderableType:
    if not title:
        return body
    return Group(Text(f"\n{title}", style="bold"), Padding(body, (0, 0, 0, 2)))


def _text(value: Cell) -> Text:
    return Text(value.text, style=STYLES[value.tone])
