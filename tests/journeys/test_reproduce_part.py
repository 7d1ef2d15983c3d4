"""A run is reproduced from the cells that it needs; when those do not do, from all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.project import Project
from tests.journeys.conftest import Terminal
from tests.kernels import Kernel

FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge(alpha={alpha}).fit(rows, [sum(row) for row in rows])"
SCORE = "print(f'{float(model.coef_[0]):.9f} {float(model.intercept_):.9f}')"
HIDDEN = (
    "import gc\n"
    "found = [each for each in gc.get_objects() if type(each) is list and len(each) == 9 and each[0] == [0.0, 0.0]]\n"
    "found[0].append([3.0, 7.0]); del found"
)
"""No analysis can tell that these are the rows."""
EXPENSIVE = "burned = [sum(range(n)) for n in range(200)]\nnp.random.rand(7)\nopen('burned.txt', 'w').close()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    root = tmp_path_factory.mktemp("parts")
    Project.init(root)
    for name, cells in {
        "mutated": [
            "import numpy as np",
            EXPENSIVE,
            "rows = np.random.rand(9, 2).tolist()",
            "rows.append([3.0, 7.0])",
            "%%mlops run mutated\n" + FIT.format(alpha=1) + "\n" + SCORE,
        ],
        "hidden": [
            "rows = [[float(n), n % 3.0] for n in range(9)]",
            HIDDEN,
            "%%mlops run hidden\n" + FIT.format(alpha=2) + "\n" + SCORE,
        ],
    }.items():
        kernel = Kernel(root, variables, notebook=root / f"{name}.ipynb")
        try:
            for cell in ("%load_ext nbmlops", *cells):
                kernel.good(cell)
        finally:
            kernel.close()
    return root


@pytest.fixture
def terminal(folder: Path, variables: dict[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(folder, variables)
    yield terminal
    terminal.close()


def reproduced(terminal: Terminal, *words: str) -> tuple[str, int, int]:
    done = terminal.nbmlops("reproduce", *words, "--json")
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["reproduction"]
    assert found["verdict"] == "REPRODUCED", found
    return ", ".join(found["compared"]), found["cells"], found["left_out"]


@pytest.mark.slow
def test_an_unrelated_cell_is_left_out_and_one_that_changes_an_input_by_a_method_is_not(terminal: Terminal) -> None:
    """Random numbers go on from where the cell that was left out had brought them."""
    compared, cells, left_out = reproduced(terminal, "mutated")
    assert (cells, left_out) == (4, 2)  # neither %load_ext nor the expensive one
    assert "1 output" in compared


def test_what_was_left_out_is_told(terminal: Terminal) -> None:
    assert "2 cells that the run does not need were left out" in terminal.nbmlops("reproduce", "mutated").stdout


@pytest.mark.slow
def test_when_the_part_does_not_give_the_same_all_cells_are_executed(terminal: Terminal) -> None:
    assert reproduced(terminal, "hidden")[1:] == (4, 0)


@pytest.mark.slow
def test_in_a_folder_of_its_own_everything_is_executed(terminal: Terminal) -> None:
    assert reproduced(terminal, "mutated", "--to", "whole")[1:] == (6, 0)
    assert (terminal.folder / "whole" / "burned.txt").is_file()
