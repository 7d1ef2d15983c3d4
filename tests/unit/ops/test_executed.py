"""`executed`: notebooks as they were executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.model.documents import encode
from nbmlops.model.pipeline import PipelineResult, StepResult, StepState
from nbmlops.model.run import Tags
from nbmlops.model.trace import Trace
from nbmlops.ops.call import Call
from nbmlops.ops.executed import Request, Result, executed
from nbmlops.project import Project
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture
def runs(project: Project) -> Runs:
    return Runs(project)


def asked(runs: Runs, run: str, **values: Any) -> Result:
    return executed(Call(runs.project.root), Request(run=run, **values))


def notebook(*sources: str, **metadata: Any) -> bytes:
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "execution_count": number,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["password = 'hunter2'\n", "fine"]},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "api_key='hunter2'"}},
                {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["token = 'hunter2'"]},
            ],
        }
        for number, source in enumerate(sources, start=1)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).encode()


def traced(runs: Runs, name: str, data: bytes, **tags: str) -> str:
    objects = runs.project.objects
    trace = objects.put_bytes(encode(Trace(sessions=(), executed=objects.put_bytes(data)[0])))[0]
    return runs.add(name, tags={Tags.TRACE: trace, Tags.NOTEBOOK: "wine.ipynb", **tags})


def of_pipeline(runs: Runs, tmp_path: Path) -> str:
    whole, load = tmp_path / "all.ipynb", tmp_path / "load.ipynb"
    whole.write_bytes(notebook("load()", "train()"))
    load.write_bytes(notebook("load()"))
    result = PipelineResult(
        id=new_id(), pipeline="p", name="wine", folder=str(tmp_path), run="", parameters={}, state=StepState.DONE,
        started=utc_now(), seconds=1.0, notebook=str(whole),
        steps=(
            StepResult(step="load", state=StepState.DONE, notebook=str(load)),
            StepResult(step="train", state=StepState.DONE, notebook=str(tmp_path / "gone.ipynb")),
        ),
    )  # fmt: skip
    runs.project.records.put(result, id=result.id)
    parent = traced(runs, "wine", notebook("from the trace"), **{Tags.RESULT: result.id})
    runs.add("load", tags={Tags.STEP: "load"}, parent=parent)
    return parent


def sources(result: Result) -> list[str]:
    assert result.notebook is not None
    return [cell["source"] for cell in result.notebook["cells"]]


def test_a_run_of_cells_is_shown_from_its_trace(runs: Runs) -> None:
    traced(runs, "fitted", notebook("x = 1", "fit(x)"))
    result = asked(runs, "fitted")
    assert sources(result) == ["x = 1", "fit(x)"]
    assert (result.cells, result.source, result.step) == (2, "wine.ipynb", "")
    text = plain_text(page(result))
    assert "fitted" in text
    assert "fit(x)" in text


def test_a_pipelines_run_is_shown_whole_or_by_step(runs: Runs, tmp_path: Path) -> None:
    of_pipeline(runs, tmp_path)
    assert sources(asked(runs, "wine")) == ["load()", "train()"]
    step = asked(runs, "wine", step="load")
    assert (sources(step), step.step) == (["load()"], "load")
    assert sources(asked(runs, "load")) == ["load()"]


def test_where_the_files_of_a_run_are_gone_its_trace_stands_in(runs: Runs, tmp_path: Path) -> None:
    of_pipeline(runs, tmp_path)
    (tmp_path / "all.ipynb").unlink()
    assert sources(asked(runs, "wine")) == ["from the trace"]
    with pytest.raises(NotFoundError, match="Nothing is kept of how step train of run wine"):
        asked(runs, "wine", step="train")


def test_secrets_are_taken_out_everywhere(runs: Runs) -> None:
    data = notebook("password = 'hunter2'", papermill={"parameters": {"api_key": "hunter2", "trees": 3}})
    traced(runs, "fitted", data)
    result = asked(runs, "fitted", output="x.ipynb")
    text = Path(result.output).read_text()
    assert "hunter2" not in text
    assert json.loads(text)["metadata"]["papermill"]["parameters"] == {"api_key": "[redacted]", "trees": 3}
    assert "fine" in text


def test_a_file_is_written_and_not_replaced_unasked(runs: Runs) -> None:
    traced(runs, "fitted", notebook("x = 1"))
    result = asked(runs, "fitted", output="deep/x.ipynb")
    path = runs.project.root / "deep" / "x.ipynb"
    assert (result.output, result.notebook) == (str(path), None)
    assert result.bytes == path.stat().st_size
    assert "written to" in plain_text(page(result))
    path.write_text("mine")
    with pytest.raises(ConflictError, match="is there already"):
        asked(runs, "fitted", output="deep/x.ipynb")
    assert path.read_text() == "mine"
    asked(runs, "fitted", output="deep/x.ipynb", force=True)
    assert json.loads(path.read_text())["nbformat"] == 4


def test_what_is_not_there_is_said_in_one_line(runs: Runs, tmp_path: Path) -> None:
    of_pipeline(runs, tmp_path)
    runs.add("bare")
    traced(runs, "odd", b"[]")
    for error, values, words in (
        (NotFoundError, {"run": "bare"}, "Nothing is kept of how run bare"),
        (UsageError, {"run": "bare", "step": "load"}, "is none of a pipeline"),
        (NotFoundError, {"run": "wine", "step": "lode"}, "It has: load, train"),
        (IntegrityError, {"run": "odd"}, "is damaged"),
        (NotFoundError, {"run": "absent"}, "There is no run absent"),
    ):
        with pytest.raises(error, match=words) as caught:
            asked(runs, **values)
        assert "\n" not in str(caught.value)
