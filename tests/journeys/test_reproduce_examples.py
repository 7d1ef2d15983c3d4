"""The example notebooks, executed and reproduced: nothing of them depends on when or where they ran."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal

EXAMPLES = Path(__file__).resolve().parents[2] / "example-notebooks"
# It deploys a model and asks it: address, token and times are others each time.
IN_THE_WORLD = frozenset({"parcels"})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({path.stem for path in EXAMPLES.glob("*.ipynb")} - IN_THE_WORLD))
def test_an_example_is_reproduced(terminal: Terminal, name: str) -> None:
    shutil.copytree(EXAMPLES, terminal.folder, dirs_exist_ok=True)
    done = terminal.papermill(f"{name}.ipynb", "out.ipynb")
    assert done.returncode == 0, done.stderr
    answer = terminal.nbmlops("reproduce", name, "--json")
    result = json.loads(answer.stdout)["reproduction"]
    assert result["verdict"] == "REPRODUCED", result
    assert answer.returncode == 0
    assert result["cells"] >= 5


@pytest.mark.slow
def test_the_run_of_a_pipeline_is_reproduced_step_after_step(terminal: Terminal) -> None:
    shutil.copy(EXAMPLES / "wine.ipynb", terminal.folder)
    terminal.good("export", "wine.ipynb", "--no-verify")
    terminal.good("run", "pipelines/wine", "-p", "trees=20")
    result = terminal.good("reproduce", "wine")["reproduction"]
    assert result["verdict"] == "REPRODUCED", result
    step = next(r for r in terminal.good("runs")["runs"] if r["name"] == "evaluate")
    refused = terminal.nbmlops("reproduce", step["id"])
    assert "Reproduce the run of its pipeline" in refused.stderr
