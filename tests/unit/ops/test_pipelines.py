"""`pipelines`: what the project has, what has run, and what is under way."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import NotFoundError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.process import boot_id, process_started
from nbmlops.model.cell import SessionInfo
from nbmlops.model.live import BestTrial, LiveRun, LiveStep, SweepRecord
from nbmlops.model.pipeline import PipelineResult, StepResult, StepState
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call
from nbmlops.ops.export import Request as ExportRequest
from nbmlops.ops.export import export
from nbmlops.ops.find_result import find_result
from nbmlops.ops.pipelines import Request, Result, pipelines
from nbmlops.pipeline import found as finding
from nbmlops.project import Project
from nbmlops.testing.notebooks import notebook_file
from tests.unit.ops.mlflow_runs import Runs

TEXT = """
# %% tags=["parameters"]
trees = 10
# %% [markdown]
# # Load
# %%
rows = list(range(trees))
# %% [markdown]
# # Train
# %%
print(sum(rows))
"""


@pytest.fixture
def exported(project: Project) -> Project:
    (project.root / "wine.ipynb").write_text(notebook_file(TEXT))
    export(Call(project.root), ExportRequest(notebook="wine.ipynb", no_verify=True))
    return project


def asked(project: Project, **values: Any) -> Result:
    return pipelines(Call(project.root), Request(**values))


def session(project: Project, *, is_alive: bool = True) -> str:
    own = process_started(os.getpid())
    found = SessionInfo(
        id=new_id(), notebook="", host=socket.gethostname(), pid=os.getpid(), boot=boot_id(), started=utc_now(),
        process_started=own if is_alive else own + 1, door="pipeline",
    )  # fmt: skip
    project.records.put(found, id=found.id)
    return found.id


def ended(project: Project, **facts: Any) -> PipelineResult:
    plain = PipelineResult(
        id=new_id(), pipeline="p", name="wine", folder="f", run="r", source="pipelines/wine", parameters={"trees": 10},
        state=StepState.DONE, started=utc_now(), seconds=2.0, steps=(StepResult(step="load", state=StepState.DONE),),
    )  # fmt: skip
    result = msgspec.structs.replace(plain, **facts)
    project.records.put(result, id=result.id)
    return result


def under_way(project: Project, **facts: Any) -> LiveRun:
    began = utc_now() - timedelta(seconds=30)
    plain = LiveRun(
        id=new_id(), session=session(project), name="wine", source="pipelines/wine", pipeline="p", folder="f",
        parameters={}, started=began,
        steps=(
            LiveStep(result=StepResult(step="load", state=StepState.DONE, is_kept=True, why="nothing has changed")),
            LiveStep(
                result=StepResult(step="train", state=StepState.RUNNING), done=3, total=7, preview="fit()", since=began
            ),
            LiveStep(result=StepResult(step="tell", state=StepState.WAITING)),
        ),
    )  # fmt: skip
    live = msgspec.structs.replace(plain, **facts)
    project.records.put(live, id=live.id)
    return live


def test_pipelines_are_found_with_their_steps_and_parameters(exported: Project) -> None:
    (view,) = asked(exported).pipelines
    assert (view.name, view.folder, view.notebook) == ("wine", "pipelines/wine", "wine.ipynb")
    assert [(step.name, step.needs) for step in view.steps] == [("load", ()), ("train", ("load",))]
    assert [each.name for each in view.parameters] == ["trees"]
    assert (view.verdict, view.is_certified) == (None, False)
    assert asked(exported, name="wine").pipelines == asked(exported, name="pipelines/wine").pipelines == (view,)
    assert "trees=10" in plain_text(page(asked(exported)))


def test_a_certificate_is_of_the_pipeline_as_it_was_verified(project: Project) -> None:
    (project.root / "wine.ipynb").write_text(notebook_file(TEXT))
    made = export(Call(project.root), ExportRequest(notebook="wine.ipynb"))
    (view,) = asked(project).pipelines
    assert (view.verdict, view.is_certified) == ("EQUIVALENT", True)
    document = Path(made.folder) / "pipeline.yaml"
    document.write_text(document.read_text().replace("default: 10", "default: 11"))
    (view,) = asked(project).pipelines
    assert (view.verdict, view.is_certified) == ("EQUIVALENT", False)
    assert "of before it was changed" in plain_text(page(asked(project)))


def test_one_that_cannot_be_read_says_why_and_hidden_ones_are_not_seen(exported: Project) -> None:
    broken = exported.root / "more" / "broken"
    broken.mkdir(parents=True)
    (broken / "pipeline.yaml").write_text("steps: [")
    hidden = exported.root / ".hidden" / "one"
    hidden.mkdir(parents=True)
    (hidden / "pipeline.yaml").write_text("steps: [")
    first, second = asked(exported).pipelines
    assert (first.name, first.folder, bool(first.problem), first.steps) == ("broken", "more/broken", True, ())
    assert "\n" not in first.problem
    assert second.name == "wine"
    assert first.problem[:40] in plain_text(page(asked(exported)), width=300)


def test_looking_for_them_comes_to_an_end(exported: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (exported.root / f"a{number}").mkdir()
    monkeypatch.setattr(finding, "MOST_FOLDERS", 10)
    result = asked(exported)
    assert not result.is_whole
    assert "more folders" in plain_text(page(result))


def test_a_name_that_nothing_has_is_refused_with_a_near_one(exported: Project) -> None:
    with pytest.raises(NotFoundError, match="Did you mean wine"):
        asked(exported, name="wien")


def test_runs_are_listed_newest_first_without_trials(exported: Project) -> None:
    first = ended(exported)
    broken = ended(exported, state=StepState.FAILED, error="Step load failed: boom")
    gone = ended(exported, state=StepState.FAILED, source="pipelines/gone")
    for _ in range(30):
        ended(exported, parent="a sweep")
    found = asked(exported).executions
    assert [each.id for each in found] == [gone.id, broken.id, first.id]
    assert [each.is_resumable for each in found] == [False, True, False]
    assert [each.id for each in asked(exported, name="wine", limit=1).executions] == [broken.id]
    assert asked(exported, limit=0).executions == ()
    assert "go on: nbmlops resume r" in plain_text(page(asked(exported)), width=200)


def test_a_run_under_way_tells_how_far_it_is(exported: Project) -> None:
    live = under_way(exported)
    runs = Runs(exported)
    parent = runs.add("wine", tags={Tags.RESULT: live.id}, status="RUNNING")
    inner = runs.add("train", tags={Tags.STEP: "train"}, parent=parent, status="RUNNING")
    (found,) = asked(exported).executions
    assert (found.id, found.run, found.state, found.is_live) == (live.id, parent, StepState.RUNNING, True)
    assert found.seconds >= 30
    load, train, tell = found.steps
    assert (load.is_kept, load.why) == (True, "nothing has changed")
    assert (train.state, train.done, train.total, train.preview, train.run) == ("running", 3, 7, "fit()", inner)
    assert train.seconds >= 30
    assert tell.state is StepState.WAITING
    assert "load kept, train cell 3 of 7, tell waiting" in plain_text(page(asked(exported)), width=200)


def test_one_whose_process_is_gone_was_killed_and_can_be_resumed(exported: Project) -> None:
    ended(exported)
    live = under_way(exported, session=session(exported, is_alive=False))
    parent = Runs(exported).add("wine", tags={Tags.RESULT: live.id})
    found = asked(exported).executions[0]
    assert (found.id, found.state, found.is_live, found.is_resumable) == (live.id, StepState.KILLED, False, True)
    assert [step.state for step in found.steps] == [StepState.DONE, StepState.KILLED, StepState.SKIPPED]
    assert found.error == "its process was killed"
    for ref in (parent, "last"):
        result = find_result(exported, ref)
        assert (result.id, result.run, result.state) == (live.id, parent, StepState.KILLED)


def test_one_that_broke_before_it_could_write_its_result_says_why(exported: Project) -> None:
    live = under_way(exported, state=StepState.FAILED, failure="The disk is full")
    Runs(exported).add("wine", tags={Tags.RESULT: live.id})
    (found,) = asked(exported).executions
    assert (found.state, found.error, found.is_live, found.is_resumable) == ("failed", "The disk is full", False, True)


def test_a_result_takes_the_place_of_the_record(exported: Project) -> None:
    live = under_way(exported)
    ended(exported, id=live.id)
    (found,) = asked(exported).executions
    assert (found.state, found.is_live) == (StepState.DONE, False)


@pytest.mark.parametrize(
    ("facts", "is_alive", "state"),
    [({}, True, "running"), ({}, False, "killed"), ({"state": "done", "ended": utc_now()}, False, "done")],
)
def test_sweeps_tell_how_far_they_are_and_what_was_best(
    exported: Project, facts: dict[str, Any], is_alive: bool, state: str
) -> None:
    record = SweepRecord(
        id=new_id(), session=session(exported, is_alive=is_alive), name="tune", pipeline="wine",
        source="pipelines/wine", run="r", metric="accuracy", direction="maximize", sampler="tpe",
        space=("trees=int(1, 9)",), trials=20, done=4, failed=1, pruned=2, started=utc_now(),
        best=BestTrial(number=3, value=0.9, values={"trees": "7"}, run="t"),
    )  # fmt: skip
    record = msgspec.structs.replace(record, **facts)
    older = msgspec.structs.replace(record, id="0" + record.id[1:], done=1)
    for each in (older, record):
        exported.records.put(each, id=each.id)
    (found,) = asked(exported, name="wine").sweeps
    assert (found.state, found.done, found.trials) == (state, 4, 20)
    text = plain_text(page(asked(exported)), width=200)
    assert "7 of 20 trials" in text
    assert "accuracy 0.9 with trees=7" in text
