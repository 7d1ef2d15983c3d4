from __future__ import annotations

import re
from pathlib import Path

import nbformat

from nbmlops.pipeline.page import Pages


def test_pages_are_made_beside_the_work_and_fetch_nothing(tmp_path: Path) -> None:
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_markdown_cell("# Tïtle")]
    )
    with Pages() as pages:
        for number in range(2):
            nbformat.write(made, tmp_path / f"{number}.ipynb")
            pages.make(tmp_path / f"{number}.ipynb")
    for number in range(2):
        text = (tmp_path / f"{number}.html").read_text(encoding="utf-8")
        assert "Tïtle" in text
        assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', text) == []


def test_a_notebook_that_cannot_be_drawn_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_text("{")
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "good.ipynb")
    with Pages() as pages:
        pages.make(tmp_path / "broken.ipynb")
        pages.make(tmp_path / "good.ipynb")
    assert [(tmp_path / name).exists() for name in ("broken.html", "good.html")] == [False, True]
