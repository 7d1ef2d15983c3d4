"""A page, as the command line and the magics draw it, as a document: the sidebar draws it with its own parts."""

from __future__ import annotations

from nbmlops.doors.render.blocks import Block, Cell, Fields, Line, Page, Table
from nbmlops.doors.server.documents import PageBlock, PageCell


def page_blocks(page: Page) -> tuple[PageBlock, ...]:
    return tuple(_block(block) for block in page)


def _block(block: Block) -> PageBlock:
    if isinstance(block, Line):
        return PageBlock(kind="line", text=block.text, tone=block.tone.value)
    if isinstance(block, Fields):
        return PageBlock(
            kind="fields",
            title=block.title,
            rows=tuple((PageCell(text=name), _cell(value)) for name, value in block.rows),
        )
    if isinstance(block, Table):
        return PageBlock(
            kind="table",
            title=block.title,
            columns=block.columns,
            rows=tuple(tuple(_cell(value) for value in row) for row in block.rows),
            numeric=tuple(sorted(block.numeric)),
        )
    return PageBlock(kind="source", title=block.title, text=block.text)


def _cell(value: Cell) -> PageCell:
    return PageCell(text=value.text, tone=value.tone.value)
