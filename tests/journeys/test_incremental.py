"""A model that goes on learning: each run continues from the champion and registers the next one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal

EXAMPLE = Path(__file__).resolve().parents[2] / "example-notebooks" / "digits.ipynb"


@pytest.mark.slow
def test_each_run_goes_on_from_the_champion_and_says_which_version_that_was(terminal: Terminal) -> None:
    shutil.copy(EXAMPLE, terminal.folder)
    made = terminal.good("export", "digits.ipynb")
    assert made["certificate"]["verdict"] == "EQUIVALENT"
    first = terminal.good("run", "pipelines/digits")["result"]
    assert not terminal.good("show", first["run"])["run"]["tags"].get("nbmlops.models")

    second = terminal.good("run", "pipelines/digits")["result"]
    steps = {step["step"]: step for step in second["steps"]}
    assert (steps["data"]["is_kept"], steps["learn"]["is_kept"]) == (True, False)
    assert steps["learn"]["why"] == "models:/digits@champion is now version 1"
    for run in (second["run"], steps["learn"]["run"]):
        tags = terminal.good("show", run)["run"]["tags"]
        assert tags["nbmlops.models"] == "models:/digits@champion is version 1"
    assert "models:/digits@champion is version 1" in terminal.nbmlops("show", second["run"]).stdout

    fixed = ("run", "pipelines/digits", "-p", "champion=models:/digits/1")
    assert terminal.good(*fixed)["result"]["steps"][1]["why"] == "parameter champion changed"
    planned = terminal.good(*fixed, "--dry-run")["plan"]
    assert [(step["step"], step["action"]) for step in planned][:2] == [("data", "keep"), ("learn", "keep")]
