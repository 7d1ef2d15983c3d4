"""`nbmlops demo`: the wine notebook all the way, in one command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal, one_line


@pytest.mark.slow
def test_the_demo_goes_all_the_way_and_can_be_looked_at_with_mlflow(tmp_path: Path, variables: dict[str, str]) -> None:
    from mlflow import MlflowClient

    terminal = Terminal(tmp_path, variables)
    answer = terminal.good("demo", "--to", "tour of wines")
    root = tmp_path / "tour of wines"
    assert answer["exported"]["certificate"]["verdict"] == "EQUIVALENT"
    assert [each["result"]["state"] for each in answer["results"]] == ["done", "done"]
    first, second = (each["result"]["metrics"] for each in answer["results"])
    assert first
    assert first.keys() == second.keys()
    client = MlflowClient(f"sqlite:///{root}/.nbmlops/mlflow.db")
    runs = client.search_runs([each.experiment_id for each in client.search_experiments()])
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert (root / "data" / "wine.csv").is_file()
    assert (root / "reports" / "confusion.png").is_file()
    packed = answer["packed"]
    assert bool(packed["registry"]) is (shutil.which("docker-registry") is not None)
    assert terminal.good("inspect", packed["reference"])["package"]["digest"] == packed["digest"]
    deployed = answer["deployed"]
    assert [each["protocol"] for each in deployed["asked"]] == ["MLflow", "Open Inference", "KServe v1"]
    assert deployed["shares"] == {"1": 16, "2": 4}
    assert deployed["answers"] == 1
    assert terminal.good("-C", str(root), "deployments")["deployments"] == []
    assert (root / "unpacked" / "data" / "wine.csv").read_bytes() == (root / "data" / "wine.csv").read_bytes()


def test_the_demo_does_not_move_into_a_folder_of_somebody_else(tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    done = Terminal(tmp_path, variables).nbmlops("demo", "--to", "mine")
    assert done.returncode == 4
    assert "is not empty" in one_line(done)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
