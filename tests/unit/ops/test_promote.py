"""`promote`: aliases of registered models."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow.entities import LoggedModelStatus

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.promote import Request, Result, promote
from nbmlops.project import Project
from nbmlops.track.lists import models
from nbmlops.track.registry import version_of
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture
def runs(project: Project) -> Runs:
    return Runs(project)


def with_model(runs: Runs, name: str, *, status: str = "READY", **more: Any) -> str:
    run = runs.add(name, **more)
    client = runs.writer.client
    made = client.create_logged_model(client.get_run(run).info.experiment_id, name="model", source_run_id=run)
    if status == "READY":
        client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    return run


def asked(runs: Runs, run: str, alias: str = "champion", **values: Any) -> Result:
    return promote(Call(runs.project.root), Request(run=run, alias=alias, **values))


def test_a_model_is_registered_once_and_its_alias_moves(runs: Runs) -> None:
    first, second = with_model(runs, "first"), with_model(runs, "second")
    done = asked(runs, "first")
    assert (done.model, done.version, done.is_new, done.before) == ("wine", "1", True, "")
    assert done.address == "models:/wine@champion"
    assert "No version had that alias before" in plain_text(page(done))
    done = asked(runs, "second")
    assert (done.version, done.is_new, done.before, done.before_run) == ("2", True, "1", first)
    assert f"Until now it was version 1, from run {first[:12]}" in plain_text(page(done))
    again = asked(runs, "second")
    assert (again.version, again.is_new, again.before, again.before_run) == ("2", False, "2", second)
    assert "It was before." in plain_text(page(again))
    assert asked(runs, "first", "staging").is_new is False
    assert version_of(runs.project.uri, "models:/wine@champion") == "2"
    assert version_of(runs.project.uri, "models:/wine@staging") == "1"


def test_what_is_registered_is_as_mlflow_does_it(runs: Runs) -> None:
    run = with_model(runs, "first")
    done = asked(runs, "first", model="best wine's")
    version = runs.writer.client.get_model_version("best wine's", done.version)
    (model,) = models(runs.project.uri, run)
    assert (version.run_id, version.source) == (run, f"models:/{model.id}")
    assert runs.writer.client.get_model_version_download_uri("best wine's", "1") == model.location
    assert "best wine's" in model.tags["mlflow.modelVersions"]
    assert asked(runs, "first", model="best wine's").is_new is False


def test_the_run_of_a_pipeline_stands_for_its_steps(runs: Runs) -> None:
    outer = runs.add("pipeline")
    step = with_model(runs, "train", parent=outer)
    assert asked(runs, "pipeline").run == step


def test_a_model_that_is_not_ready_is_not_promoted(runs: Runs) -> None:
    with_model(runs, "half", status="PENDING")
    with pytest.raises(NotFoundError, match="has logged no model that is ready"):
        asked(runs, "half")


@pytest.mark.parametrize(
    ("alias", "model"),
    [("", ""), ("v3", ""), ("latest", ""), ("two words", ""), ("x" * 300, ""), ("<b>", ""), ("a\n", ""),
     ("good", "a/b"), ("good", "a:b"), ("good", " "), ("good", "a\nb"), ("good", "x" * 10_000)],
)  # fmt: skip
def test_names_that_mlflow_does_not_take_are_refused_before_anything_is_made(
    runs: Runs, alias: str, model: str
) -> None:
    with_model(runs, "first")
    with pytest.raises(UsageError) as caught:
        asked(runs, "first", alias, model=model)
    assert "\n" not in str(caught.value)
    assert not runs.writer.client.search_registered_models()
