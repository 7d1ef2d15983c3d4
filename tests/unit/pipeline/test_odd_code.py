"""Odd but real code: analysis never fails, and cutting at every cell changes nothing."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest

from nbmlops.errors import NotebookError
from tests.corpus.texts import every_cell_a_step, odd
from tests.unit.pipeline.harness import built, folder, run_pipeline, run_whole, shape

COMPARED, ANALYSED = odd("compared"), odd("analysed")
MODULES = {"helper.py": "def double(x):\n    return 2 * x\n"}


@pytest.mark.parametrize("name", [*COMPARED, *ANALYSED])
def test_odd_code_is_analysed_and_cut(name: str) -> None:
    text = {**COMPARED, **ANALYSED}[name]
    assert built(text, modules=MODULES).pipeline.steps
    assert built(every_cell_a_step(text), modules=MODULES).pipeline.steps


# People leave files to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", COMPARED)
def test_cut_at_every_cell_it_prints_what_it_prints_as_a_whole(name: str, tmp_path: Path) -> None:
    matplotlib.use("agg")
    text = every_cell_a_step(COMPARED[name])
    made = built(text)
    said = []
    for which in ("whole", "pipeline"):
        (tmp_path / which).mkdir()
        with folder(tmp_path / which):
            said.append(shape((run_whole(text) if which == "whole" else run_pipeline(made))[1]))
    assert said[1] == said[0]


@pytest.mark.parametrize(
    ("source", "line"), [("x = (1,", 1), ("x = 1\nprint 'hello'", 2), ("def f():\nreturn 1", 2), ("x = 1\n  y = 2", 2)]
)
def test_a_syntax_error_is_told_with_its_cell_and_line(source: str, line: int) -> None:
    with pytest.raises(NotebookError, match=f"Cell 2, line {line} ") as failed:
        built(f"# %%\na = 1\n# %%\n{source}")
    assert failed.value.kind == "cell-syntax"
