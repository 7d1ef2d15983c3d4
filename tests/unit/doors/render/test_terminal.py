"""What a terminal is given."""

from __future__ import annotations

import pytest

from nbmlops.doors.render.blocks import Block, Fields, Line, Source, Table, cell
from nbmlops.doors.render.terminal import plain_text

CLEAR = "a\x1b[2J\x9b31mb"


@pytest.mark.parametrize(
    "block",
    [
        Line(CLEAR),
        Source(CLEAR, title=CLEAR),
        Fields(rows=(("name", cell(CLEAR)),)),
        Table(columns=("x",), rows=((cell(CLEAR),),), title=CLEAR),
    ],
    ids=lambda block: type(block).__name__,
)
def test_what_others_have_written_gives_no_orders(block: Block) -> None:
    text = plain_text((block,))
    assert "a\N{REPLACEMENT CHARACTER}[2J" in text
    assert not {"\x1b", "\x9b"} & set(text)


def test_lines_and_tabs_stay() -> None:
    assert plain_text((Line("a\n  b"),)) == "a\n  b"


def test_what_does_not_fit_into_an_indented_line_goes_on_below_it() -> None:
    page = (Line("any: holds"), Line("    drift: two columns have drifted"))
    assert plain_text(page, width=24) == "any: holds\n    drift: two columns\n    have drifted"
