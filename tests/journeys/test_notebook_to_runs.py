"""From a notebook to runs: track it, keep its data, export it with proof, run it twice, move it, bring data back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import isolation
from tests.journeys.conftest import TRAINING, Terminal, flowers, write


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[tuple[Terminal, Any]]:
    """The whole journey, once; and what its verbs answered."""
    folder = tmp_path_factory.mktemp("study") / "flowers"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "flowers.csv").write_text(flowers())
    write(folder, "flowers.ipynb", TRAINING)
    terminal = Terminal(folder, variables)
    before = (folder / "flowers.ipynb").read_bytes()
    done = terminal.papermill("flowers.ipynb", "out.ipynb")
    assert done.returncode == 0, done.stderr
    answers = {
        "snapshot": terminal.good("snapshot", "data"),
        "export": terminal.good("export", "flowers.ipynb"),
        "first": terminal.good("run", "pipelines/flowers", "--name", "plain"),
        "second": terminal.good("run", "pipelines/flowers", "-p", "strength=0.01", "--name", "weak"),
    }
    assert (folder / "flowers.ipynb").read_bytes() == before
    yield terminal, answers
    terminal.close()


@pytest.fixture
def client(studied: tuple[Terminal, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow's own, on the project's own database: what anybody else would see."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{studied[0].folder}/.nbmlops/mlflow.db")


def all_runs(client: Any) -> list[Any]:
    return list(client.search_runs([each.experiment_id for each in client.search_experiments()]))


def test_the_export_is_proven_equivalent(studied: tuple[Terminal, Any]) -> None:
    certificate = studied[1]["export"]["certificate"]
    assert certificate["verdict"] == "EQUIVALENT"
    compared = {each["name"] for each in certificate["comparisons"]}
    assert {"model", "accuracy"} <= compared


def test_a_dead_cell_is_left_out_and_the_reason_is_given(studied: tuple[Terminal, Any]) -> None:
    dropped = studied[1]["export"]["pipeline"]["dropped"]
    assert [(each["preview"], bool(each["why"])) for each in dropped] == [("unused = len(rows) ** 2", True)]


def test_the_batch_run_is_in_mlflow_with_its_model_and_its_real_data(
    studied: tuple[Terminal, Any], client: Any
) -> None:
    run = next(each for each in all_runs(client) if each.info.run_name == "flowers")
    assert run.info.status == "FINISHED"
    assert run.data.tags["nbmlops.notebook"] == "flowers.ipynb"
    source = json.loads(run.inputs.dataset_inputs[0].dataset.source)
    assert "data/flowers.csv" in json.dumps(source)
    assert run.data.metrics


def test_runs_of_the_pipeline_have_a_child_per_step_with_metrics_and_parameters(
    studied: tuple[Terminal, Any], client: Any
) -> None:
    steps = [step["name"] for step in studied[1]["export"]["pipeline"]["steps"]]
    for answer, strength in (("first", "1.0"), ("second", "0.01")):
        parent = client.get_run(studied[1][answer]["result"]["run"])
        assert parent.info.status == "FINISHED"
        assert parent.data.params["strength"] == strength
        assert parent.data.metrics
        children = [each for each in all_runs(client) if each.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        assert {each.data.tags.get("nbmlops.step") for each in children} >= set(steps)
        assert {each.info.status for each in children} == {"FINISHED"}


def test_the_model_of_a_run_is_loaded_by_mlflow_itself(studied: tuple[Terminal, Any]) -> None:
    import mlflow

    terminal, answers = studied
    mlflow.set_tracking_uri(f"sqlite:///{terminal.folder}/.nbmlops/mlflow.db")
    step = next(step for step in answers["first"]["result"]["steps"] if step["step"] == "train")
    models = terminal.good("show", step["run"])["models"]
    assert models, "the step has no model"
    model = mlflow.sklearn.load_model(f"models:/{models[0]['id']}")
    assert list(model.predict([[1.0, 2.5], [2.5, 1.0]])) == [0, 1]


def test_deleted_data_comes_back_byte_for_byte_by_the_run(studied: tuple[Terminal, Any]) -> None:
    terminal, _ = studied
    shutil.rmtree(terminal.folder / "data")
    assert terminal.good("restore", "weak")["files"]
    assert (terminal.folder / "data" / "flowers.csv").read_text() == flowers()


def test_data_that_differs_is_not_overwritten_unasked(studied: tuple[Terminal, Any]) -> None:
    terminal, _ = studied
    path = terminal.folder / "data" / "flowers.csv"
    path.write_text("changed\n")
    done = terminal.nbmlops("restore", "weak")
    assert done.returncode == 4
    assert path.read_text() == "changed\n"
    assert terminal.nbmlops("restore", "weak", "--force").returncode == 0
    assert path.read_text() == flowers()


def test_a_moved_and_renamed_project_lists_restores_runs_and_loads_models(
    studied: tuple[Terminal, Any], tmp_path: Path
) -> None:
    import mlflow

    terminal, answers = studied
    folder = tmp_path / "Zwölf Blüten – kopiert"
    shutil.copytree(terminal.folder, folder)
    hidden = terminal.folder.with_name("hidden")
    os.rename(terminal.folder, hidden)  # what still points to the old place fails now
    try:
        there = Terminal(folder, terminal.variables)
        assert {run["name"] for run in there.good("runs")["runs"]} >= {"plain", "weak", "flowers"}
        (folder / "data" / "flowers.csv").unlink()
        assert there.good("restore", "plain")["files"]
        assert (folder / "data" / "flowers.csv").read_text() == flowers()
        assert there.good("run", "pipelines/flowers", "--name", "moved", "--force")["result"]["state"] == "done"
        step = next(step for step in answers["first"]["result"]["steps"] if step["step"] == "train")
        models = there.good("show", step["run"])["models"]
        mlflow.set_tracking_uri(f"sqlite:///{folder}/.nbmlops/mlflow.db")
        assert mlflow.sklearn.load_model(f"models:/{models[0]['id']}").predict([[1.0, 2.5]])[0] == 0
        assert not terminal.folder.exists(), "something was written to the old place"
    finally:
        os.rename(hidden, terminal.folder)


def test_plain_papermill_runs_a_step_of_the_pipeline(studied: tuple[Terminal, Any], tmp_path: Path) -> None:
    """What is exported are notebooks that need none of us to start them."""
    terminal, answers = studied
    step = answers["export"]["pipeline"]["steps"][0]
    there = Terminal(tmp_path, isolation.environment(tmp_path / "home", Path(terminal.variables["XDG_CACHE_HOME"])))
    notebook = terminal.folder / "pipelines" / "flowers" / step["notebook"]
    done = there.run("papermill", str(notebook), "out.ipynb", "--cwd", str(terminal.folder), "--no-progress-bar")
    assert done.returncode == 0, done.stderr[-2000:]
