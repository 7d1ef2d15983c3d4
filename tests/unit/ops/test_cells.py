"""`cells`: what each cell of a notebook is."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.process import boot_id, process_started
from nbmlops.model.cell import CellFailure, Execution, FileUse, Outcome, SessionInfo
from nbmlops.model.documents import encode
from nbmlops.model.notebook import CellKind, Notebook
from nbmlops.model.pipeline import PipelineResult, StepResult, StepState
from nbmlops.model.run import Tags
from nbmlops.ops import outline
from nbmlops.ops.call import Call
from nbmlops.ops.cells import Cell, Request, Result, cells, cells_of
from nbmlops.ops.export import Request as ExportRequest
from nbmlops.ops.export import export
from nbmlops.pipeline.handoff import Held, Manifest
from nbmlops.pipeline.source import read_notebook
from nbmlops.project import Project
from nbmlops.testing.notebooks import notebook_file
from nbmlops.track import cell_runs
from tests.unit.ops.mlflow_runs import Runs

TEXT = """
# %% [markdown]
# # Wine
# %% tags=["parameters"]
trees = 10  # how many
# %% [markdown]
# ## Load
# %%
import json
rows = [json.loads(line) for line in open("rows.txt")]
# %% tags=["skip"]
rows[:3]
# %% [markdown]
# ## Train
# %%
model = sorted(rows)[:trees]
print(model)
"""
PARAMETERS, LOAD, LOOK, TRAIN = 1, 3, 4, 6


class Place:
    """A project with a notebook, a kernel's session, and what it executed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.path = project.root / "wine.ipynb"
        self.write(TEXT)
        self.session = self.began()
        self.order = 0

    def write(self, text: str) -> None:
        self.path.write_text(notebook_file(text))
        self.notebook = read_notebook(self.path, is_lenient=True)

    def began(self, **facts: Any) -> SessionInfo:
        found = SessionInfo(
            id=new_id(),
            notebook="wine.ipynb",
            host=socket.gethostname(),
            pid=os.getpid(),
            process_started=process_started(os.getpid()),
            boot=boot_id(),
            started=utc_now(),
        )
        found = msgspec.structs.replace(found, **facts)
        self.project.records.put(found, id=found.id)
        return found

    def ran(self, index: int, **facts: Any) -> None:
        self.order += 1
        cell = self.notebook.cells[index]
        done = Execution(
            id=new_id(),
            session=self.session.id,
            notebook="wine.ipynb",
            order=self.order,
            count=self.order,
            cell_id=cell.id,
            source=cell.source,
            started=utc_now(),
            seconds=float(index),
        )
        done = msgspec.structs.replace(done, **facts)
        self.project.records.put(done, id=done.id, subject=self.session.id)

    def asked(self) -> Result:
        return cells(Call(self.project.root), Request(notebook="wine.ipynb"))

    def cell(self, index: int) -> Cell:
        return self.asked().cells[index]


@pytest.fixture
def place(project: Project) -> Place:
    return Place(project)


def test_before_anything_runs_the_text_says_what_would_become_of_each_cell(place: Place) -> None:
    result = place.asked()
    assert [each.kind for each in result.cells] == [each.kind for each in place.notebook.cells]
    assert [each.step for each in result.cells] == ["", "", "", "load", "", "", "train"]
    assert result.cells[PARAMETERS].is_parameters
    assert result.cells[LOOK].dropped == "tagged skip"
    assert result.cells[TRAIN].kept
    assert result.problem == ""
    assert [(step.name, step.cells, step.parameters) for step in result.steps] == [
        ("load", (LOAD,), ()),
        ("train", (TRAIN,), ("trees",)),
    ]
    (flow,) = result.flows
    assert (flow.source, flow.target, flow.names, flow.bytes) == ("load", "train", ("rows",), None)
    (parameter,) = result.parameters
    assert (parameter.name, parameter.default, parameter.help) == ("trees", 10, "how many")
    text = plain_text(page(result))
    assert "left out: tagged skip" in text
    assert "int = 10   how many" in text


def test_the_last_execution_of_each_cell_is_told(place: Place) -> None:
    place.ran(LOAD, inputs=(FileUse(path="rows.txt", size=7),), outputs=(FileUse(path="made.txt", size=9),))
    place.ran(TRAIN, outcome=Outcome.ERROR, failure=CellFailure(error="ValueError", message="no rows"))
    place.ran(LOAD, seconds=2.5)
    result = place.asked()
    load, train = result.cells[LOAD], result.cells[TRAIN]
    assert (load.count, load.seconds, load.outcome, load.reads) == (3, 2.5, "ok", ())
    assert (train.outcome, train.error) == ("error", "ValueError: no rows")
    assert result.cells[LOOK].outcome == ""
    assert [step.seconds for step in result.steps] == [2.5, 6.0]
    assert "ValueError: no rows" in plain_text(page(result))


def test_an_older_kernel_tells_of_cells_that_the_newest_has_not_executed(place: Place) -> None:
    place.ran(LOAD, inputs=(FileUse(path="rows.txt", size=7),))
    place.session = place.began()
    place.ran(TRAIN)
    found = place.asked().cells
    assert [each.bytes for each in found[LOAD].reads] == [7]
    assert found[TRAIN].outcome == "ok"


def test_a_cell_that_was_edited_since_is_stale_also_where_it_is_not_saved(place: Place) -> None:
    place.ran(TRAIN)
    assert place.cell(TRAIN).stale == ""
    edited = msgspec.structs.replace(place.notebook.cells[TRAIN], source="model = rows")
    unsaved = msgspec.structs.replace(place.notebook, cells=(*place.notebook.cells[:TRAIN], edited))
    result = cells_of(Call(place.project.root), unsaved)
    assert result.cells[TRAIN].stale == "edited since it ran"
    assert result.parameters == ()


def test_a_cell_with_a_secret_is_compared_as_records_keep_it(place: Place) -> None:
    place.write("# %%\npassword = 'hunter2'\n")
    place.ran(0, source="password = '[redacted]'")
    result = place.asked()
    assert result.cells[0].stale == ""
    assert "hunter2" not in msgspec.json.encode(result).decode()


def test_the_newest_run_of_a_cell_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(place.project)
    cell = place.notebook.cells[TRAIN].id
    runs.add("old", tags={Tags.CELL: cell, Tags.NOTEBOOK: "wine.ipynb"})
    newest = runs.add("new", tags={Tags.CELL: cell, Tags.NOTEBOOK: "wine.ipynb"})
    runs.add("other", tags={Tags.CELL: cell, Tags.NOTEBOOK: "beer.ipynb"})
    runs.writer.client.delete_run(runs.add("gone", tags={Tags.CELL: cell, Tags.NOTEBOOK: "wine.ipynb"}))
    found = place.cell(TRAIN)
    assert (found.run, found.run_name, found.run_status) == (newest, "new", "FINISHED")
    assert place.cell(LOAD).run == ""
    # As a server is asked.
    own = cell_runs.cell_runs(place.project.uri, "wine.ipynb")
    monkeypatch.setattr(cell_runs, "sqlite_path", lambda uri: None)
    assert cell_runs.cell_runs(place.project.uri, "wine.ipynb") == own


def test_a_live_kernel_is_told_until_it_is_gone(place: Place) -> None:
    tracking = place.asked().tracking
    assert tracking is not None
    assert (tracking.session, tracking.is_on) == (place.session.id, True)
    place.project.records.put(msgspec.structs.replace(place.session, is_on=False), id=place.session.id)
    tracking = place.asked().tracking
    assert tracking is not None
    assert not tracking.is_on
    place.project.records.put(msgspec.structs.replace(place.session, ended=utc_now()), id=place.session.id)
    assert place.asked().tracking is None
    place.began(process_started=1.0)
    assert place.asked().tracking is None


def test_what_the_last_run_of_its_pipeline_handed_on_is_measured(place: Place) -> None:
    exported = export(Call(place.project.root), ExportRequest(notebook="wine.ipynb", no_verify=True))
    work = place.project.layout.runs / "r1"
    handed = work / "handoff" / "load" / "manifest.json"
    handed.parent.mkdir(parents=True)
    held = Held(names=("rows", "more"), format="pickle", file="00-rows.pickle", digest="ab" * 32, size=1234)
    handed.write_bytes(encode(Manifest(step="load", held=(held,))))
    result = PipelineResult(
        id="r1",
        pipeline="p",
        name="wine",
        folder=str(work),
        run="",
        source=place.project.relative(Path(exported.folder)),
        parameters={},
        state=StepState.DONE,
        started=utc_now(),
        seconds=1.0,
        steps=(StepResult(step="load", state=StepState.DONE), StepResult(step="train", state=StepState.DONE)),
    )
    place.project.records.put(result, id=result.id)
    found = place.asked()
    assert [flow.bytes for flow in found.flows] == [1234]
    assert [value.bytes for value in found.steps[0].gives] == [1234]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# %%\nx = 1\n# %%\nprint(y)\n", "y, which is never bound"),
        ("# %%\nx = 1\n# %%\nx = (\n", "is not valid Python"),
        ("# %%\n%matplotlib inline\n", "nothing to run"),
    ],
)
def test_a_notebook_that_cannot_be_cut_says_why_and_keeps_what_is_known(place: Place, text: str, problem: str) -> None:
    place.write(text)
    place.ran(0)
    result = place.asked()
    assert problem in result.problem
    assert "\n" not in result.problem
    assert result.steps == ()
    assert result.cells[0].outcome == "ok"
    assert result.problem in plain_text(page(result), width=400)


def test_a_notebook_in_another_language_is_shown_without_analysis(place: Place) -> None:
    raw = json.loads(place.path.read_text())
    raw["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    place.path.write_text(json.dumps(raw))
    result = place.asked()
    assert (result.language, result.problem, result.steps) == ("r", "", ())
    assert len(result.cells) == len(place.notebook.cells)
    assert "written in r" in plain_text(page(result))


def test_a_notebook_without_code_has_no_problem(place: Place) -> None:
    place.write("# %% [markdown]\n# Nothing yet\n")
    result = place.asked()
    assert ([each.kind for each in result.cells], result.problem) == ([CellKind.MARKDOWN], "")


def test_without_a_project_the_text_still_tells(tmp_path: Path) -> None:
    (tmp_path / "wine.ipynb").write_text(notebook_file(TEXT))
    result = cells(Call(tmp_path), Request(notebook="wine.ipynb"))
    assert [step.name for step in result.steps] == ["load", "train"]
    assert result.tracking is None
    assert not (tmp_path / ".nbmlops").exists()


def test_the_text_is_analysed_once_until_it_or_a_module_beside_it_changes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Notebook] = []
    real = outline._made
    monkeypatch.setattr(outline, "_made", lambda notebook, modules: (made.append(notebook), real(notebook, modules))[1])
    helper = place.project.root / "helper.py"
    helper.write_text("def f(x):\n    return x\n")
    place.write(TEXT + "# %%\nimport helper\nprint(helper.f(model))\n")
    first = place.asked()
    place.ran(TRAIN)
    assert place.asked().cells[TRAIN].outcome == "ok"
    assert len(made) == 1
    helper.write_text("def f(x):\n    x.clear()\n    return x\n")
    place.asked()
    assert len(made) == 2
    place.write(TEXT)
    assert len(place.asked().cells) == len(first.cells) - 1
    assert len(made) == 3
