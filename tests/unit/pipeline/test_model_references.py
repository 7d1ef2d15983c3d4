"""Registered models as inputs of a step: what counts is the version that an address means."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from nbmlops.pipeline.model_references import change, versions
from nbmlops.pipeline.plain_code import StepCell
from nbmlops.pipeline.plan import Action
from tests.unit.pipeline.inline import pipeline
from tests.unit.pipeline.test_schedule import Bench


def found(code: str, **values: Any) -> dict[str, str]:
    cells = [StepCell("a", code, ast.parse(code))]
    known = {"models:/wine@champion": "3", "models:/wine/2": "2"}
    return versions(cells, values, tuple(values), known.get)


def test_addresses_in_code_and_in_parameters_are_found() -> None:
    assert found("load('models:/wine@champion')") == {"models:/wine@champion": "3"}
    assert found("load(uri)", uri="models:/wine/2") == {"models:/wine/2": "2"}
    assert found("load(all)", all=["models:/a/1", {"b": "models:/wine@champion"}]) == {
        "models:/a/1": "",
        "models:/wine@champion": "3",
    }


@pytest.mark.parametrize("text", ["models:/wine", "see models:/wine/3 there", "runs:/abc/model", "models:/", ""])
def test_other_texts_are_none(text: str) -> None:
    assert found(f"load({text!r})", uri=text) == {}


def test_a_change_is_told_in_words() -> None:
    assert change({"models:/a@b": "3"}, {"models:/a@b": "3"}) == ""
    assert change({"models:/a@b": "3"}, {"models:/a@b": "4"}) == "models:/a@b is now version 4"
    assert change({"models:/a@b": ""}, {"models:/a@b": "1"}) == "models:/a@b is now version 1"
    assert change({"models:/a@b": "3"}, {"models:/a@b": ""}) == "models:/a@b is not there"


def test_a_moved_alias_makes_the_step_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"models:/wine@champion": "3"}
    monkeypatch.setattr("nbmlops.ops.step_results.version_of", lambda uri, address: now.get(address))
    bench = Bench(tmp_path / "project")
    steps = {"train": {"code": "x = len(champion)", "gives": ["x"], "parameters": ("champion",)}, "other": {"code": ""}}
    made = pipeline(bench.folder, steps, champion="models:/wine@champion")
    values = {"champion": "models:/wine@champion"}
    bench.run(made, **values)
    assert {action for action, _ in bench.planned(made, **values).values()} == {Action.KEEP}
    now["models:/wine@champion"] = "4"
    assert bench.planned(made, **values) == {
        "train": (Action.RUN, "models:/wine@champion is now version 4"),
        "other": (Action.KEEP, "as before"),
    }
    assert bench.run(made, **values)["train"].why == "models:/wine@champion is now version 4"
    now["models:/wine@champion"] = "3"
    assert bench.planned(made, **values)["train"][0] is Action.KEEP, "results of version 3 are still there"


def test_what_counts_is_the_version_when_the_step_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step may train the next champion from this one."""
    now = {"models:/wine@champion": "3"}

    def version(uri: str, address: str) -> str | None:
        # Asked once before the step and never while it runs: the answer after the first one is what it has made.
        answer, now[address] = now[address], "4"
        return answer

    monkeypatch.setattr("nbmlops.ops.step_results.version_of", version)
    bench = Bench(tmp_path / "project")
    made = pipeline(bench.folder, {"train": {"code": "uri = 'models:/wine@champion'"}})
    bench.run(made)
    assert bench.planned(made)["train"] == (Action.RUN, "models:/wine@champion is now version 4")
