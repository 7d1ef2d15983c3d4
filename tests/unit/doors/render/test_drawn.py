"""One page, drawn as text and as HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.doors.render.blocks import Cell, Fields, Line, Page, Source, Table, Tone
from nbmlops.doors.render.html import html
from nbmlops.doors.render.terminal import plain_text

PAGE: Page = (
    Line("Made it", Tone.GOOD),
    Fields(rows=(("root", Cell("/p/[bold]x[/]")), ("MLflow", Cell("sqlite:///x"))), title="Where"),
    Table(
        columns=("name", "score"),
        rows=((Cell("a", Tone.STRONG), Cell("0.5")), (Cell("long name"), Cell("12"))),
        title="Runs",
        numeric=frozenset({1}),
    ),
    Source("x = 1\n  y", title="Code"),
)


def test_a_page_as_text_is_plain_aligned_and_never_marked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert plain_text(PAGE) == "\n".join(
        [
            "Made it",
            "",
            "Where",
            "  root    /p/[bold]x[/]",
            "  MLflow  sqlite:///x",
            "",
            "Runs",
            "  name       score",
            "  a            0.5",
            "  long name     12",
            "",
            "Code",
            "    x = 1",
            "      y",
        ]
    )


class Outline(HTMLParser):
    """Tags that are open at each point, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: Page) -> Outline:
    parser = Outline()
    parser.feed(html(page))
    parser.close()
    assert parser.open == []
    return parser


def test_a_page_as_html_holds_the_same_texts_in_tables() -> None:
    found = outline(PAGE)
    assert found.text == [
        "Made it", "Where", "root", "/p/[bold]x[/]", "MLflow", "sqlite:///x", "Runs", "name", "score",
        "a", "0.5", "long name", "12", "Code", "x = 1\n  y",
    ]  # fmt: skip
    assert found.tags.count("table") == 2
    assert 'text-align:right">0.5</td>' in html(PAGE)


HOSTILE = "<script>alert('1')</script>\"&<img src=x onerror=alert(1)>"


def everywhere(text: str) -> Page:
    return (
        *(Line(text, tone) for tone in Tone),
        Fields(rows=((text, Cell(text, Tone.BAD)),), title=text),
        Table(columns=(text,), rows=((Cell(text),),), title=text),
        Source(text, title=text),
    )


def test_markup_in_values_is_text_everywhere() -> None:
    found = outline(everywhere(HOSTILE))
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert "".join(found.text).count(HOSTILE) == len(Tone) + 8


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_no_text_changes_the_structure_of_the_html(text: str) -> None:
    assert outline(everywhere(text)).tags == outline(everywhere("x")).tags


@given(st.text(max_size=40))
def test_any_text_can_be_printed(text: str) -> None:
    assert isinstance(plain_text(everywhere(text)), str)


def test_wide_values_are_folded_not_cut() -> None:
    text = plain_text((Table(columns=("path",), rows=((Cell("d" * 150),),)),), width=40)
    assert text.count("d") == 150
    assert all(len(line) <= 40 for line in text.splitlines())


def test_an_indented_line_is_indented_in_a_notebook_too() -> None:
    assert '<div style="padding-left:4ch">drift</div>' in html((Line("    drift"),))
    assert "<div>a<br>  b</div>" in html((Line("a\n  b"),))
