"""Digests of code that do not see comments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbmlops.errors import NotebookError
from nbmlops.pipeline.plain_code import step_cells


def cells(tmp_path: Path, *sources: str, tags: tuple[str, ...] = (), parameters: tuple[str, ...] = ()) -> list[str]:
    path = tmp_path / "step.ipynb"
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {"tags": list(tags)}, "source": s}
        for n, s in enumerate(sources)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))
    return [cell.digest for cell in step_cells(path, parameters)]


@pytest.mark.parametrize(
    "same",
    [
        "x = f(1, [2])  # why",
        "# first\n\nx = f(1,\n      [2])\n",
        "x=f(1,[2])",
        "x = (f(1, [2]))",
    ],
)
def test_comments_and_layout_do_not_count(tmp_path: Path, same: str) -> None:
    assert cells(tmp_path, same) == cells(tmp_path, "x = f(1, [2])")


@pytest.mark.parametrize(
    "other", ["x = f(1, [3])", "y = f(1, [2])", "x = f([2], 1)", "x = f(1, [2]); x", "x = f('1', [2])"]
)
def test_what_the_code_does_counts(tmp_path: Path, other: str) -> None:
    assert cells(tmp_path, other) != cells(tmp_path, "x = f(1, [2])")


def test_a_cell_with_magics_counts_as_its_text(tmp_path: Path) -> None:
    assert cells(tmp_path, "%time x = 1\n") == cells(tmp_path, "%time x = 1   ")
    assert cells(tmp_path, "%time x = 1") != cells(tmp_path, "%time x = 2")


def test_defaults_of_parameters_do_not_count_but_what_is_derived_from_them_does(tmp_path: Path) -> None:
    def of(text: str) -> list[str]:
        return cells(tmp_path, text, tags=("parameters",), parameters=("lr", "n"))

    assert of("lr: float = 0.1\nn = 2\ntwice = n * 2") == of("lr: float = 0.5  # faster\nn = -3\ntwice = n * 2")
    assert of("lr = 0.1\ntwice = n * 2") != of("lr = 0.1\ntwice = n * 3")
    assert of("lr = 0.1\nother = 1") != of("lr = 0.1\nother = 2")
    assert of("lr = 0.1") == []


def test_empty_cells_and_prose_do_not_count(tmp_path: Path) -> None:
    assert cells(tmp_path, "# only a comment", "x = 1", "") == cells(tmp_path, "x = 1")


def test_older_notebook_formats_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    cell = {
        "cell_type": "code",
        "language": "python",
        "input": ["x = 1"],
        "outputs": [],
        "collapsed": False,
        "metadata": {},
    }
    path.write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell]}]}))
    assert [each.digest for each in step_cells(path)] == cells(tmp_path, "x = 1")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"nbformat": 4, "cells": 3}', "not json"])
def test_what_is_no_notebook_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match=r"broken\.ipynb is not a notebook") as caught:
        step_cells(path)
    assert "\n" not in str(caught.value)
