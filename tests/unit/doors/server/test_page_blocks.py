"""Pages as documents."""

from __future__ import annotations

from nbmlops.doors.render.blocks import Cell, Fields, Line, Source, Table, Tone
from nbmlops.doors.server.documents import PageBlock, PageCell
from nbmlops.doors.server.page_blocks import page_blocks


def test_each_kind_of_block_keeps_its_text_and_tones() -> None:
    bad = Cell("0.5", Tone.BAD)
    made = page_blocks(
        (
            Line("done", Tone.GOOD),
            Fields(rows=(("loss", bad),), title="Metrics"),
            Table(columns=("name", "loss"), rows=((Cell("<b>"), bad),), title="Runs", numeric=frozenset({1})),
            Source("x = 1", title="cell 3"),
        )
    )
    assert made == (
        PageBlock(kind="line", text="done", tone="good"),
        PageBlock(kind="fields", title="Metrics", rows=((PageCell(text="loss"), PageCell(text="0.5", tone="bad")),)),
        PageBlock(
            kind="table",
            title="Runs",
            columns=("name", "loss"),
            rows=((PageCell(text="<b>"), PageCell(text="0.5", tone="bad")),),
            numeric=(1,),
        ),
        PageBlock(kind="source", title="cell 3", text="x = 1"),
    )
