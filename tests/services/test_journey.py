"""A notebook tracked into a team's server: MLflow on PostgreSQL, artifacts in S3."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import isolation
from tests.journeys.conftest import Terminal, eventually, write
from tests.services import servers
from tests.services.conftest import Team

pytestmark = pytest.mark.slow

NOTEBOOK = """
# %%
%load_ext nbmlops
# %%
from pathlib import Path
from sklearn.linear_model import LogisticRegression
rows = [[float(x) for x in line.split(",")] for line in Path("flowers.csv").read_text().split()]
X, y = [row[:2] for row in rows], [int(row[2]) for row in rows]
# %%
%%mlops run baseline
model = LogisticRegression(C=0.5).fit(X, y)
import nbmlops
for step in range(10_000):
    nbmlops.log_metric("loss", 1.0 / (step + 1), step)
# %%
import mlflow
with mlflow.start_run(run_name="plain"):
    for step in range(10_000):
        mlflow.log_metric("loss", step / 2, step=step)
    mlflow.log_param("note", "é")
    seen = mlflow.get_run(mlflow.active_run().info.run_id).data.metrics["loss"]
assert seen == 9_999 / 2, seen
"""


@pytest.fixture
def person(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, team: Team) -> Terminal:
    variables = isolation.environment(tmp_path / "home", isolation.shared_cache(tmp_path_factory))
    folder = tmp_path / "flowers"  # and so the experiment's name
    folder.mkdir()
    (folder / "flowers.csv").write_text("".join(f"{n % 7},{n % 5},{n % 2}\n" for n in range(60)))
    return Terminal(folder, {**variables, "MLFLOW_TRACKING_URI": team.uri})


def papermill(person: Terminal, source: str, name: str) -> None:
    write(person.folder, f"{name}.ipynb", source)
    done = person.run("papermill", f"{name}.ipynb", f"{name}-out.ipynb", "--no-progress-bar")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_notebook_arrives_whole_and_is_read_back_by_the_verbs(person: Terminal, team: Team) -> None:
    import boto3
    from mlflow import MlflowClient

    papermill(person, NOTEBOOK, "team")
    listed = person.good("runs", "--experiment", "flowers", "--sort", "loss")["runs"]
    assert [run["name"] for run in listed] == ["plain", "baseline"]
    plain, baseline = listed
    assert (baseline["status"], baseline["params"]["C"], baseline["metrics"]["loss"]) == ("FINISHED", "0.5", 1 / 10_000)
    assert plain["params"] == {"note": "é"}
    client = MlflowClient(team.uri)
    for run, value in ((baseline, lambda step: 1.0 / (step + 1)), (plain, lambda step: step / 2)):
        points = client.get_metric_history(run["id"], "loss")
        assert sorted((point.step, point.value) for point in points) == [(n, value(n)) for n in range(10_000)]

    shown = person.good("show", "baseline")
    assert [data["path"].rpartition("/")[2] for data in shown["datasets"]] == ["flowers.csv"]
    (model,) = shown["models"]
    assert model["status"] == "READY"
    store = boto3.client(
        "s3", endpoint_url=team.s3, aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1"
    )
    names = [each["Key"] for each in store.list_objects_v2(Bucket=servers.BUCKET)["Contents"]]
    assert any(model["id"] in name and name.endswith("MLmodel") for name in names)

    compared = person.good("compare", "baseline", "plain")
    assert "loss" in json.dumps(compared)


def test_runs_made_while_the_server_is_stopped_arrive_when_it_is_back(person: Terminal, team: Team) -> None:
    source = "# %%\n%load_ext nbmlops\n# %%\n%%mlops run away\n%mlops log loss=0.5 --step 7 note=away\n"
    team.server.stop()
    try:
        papermill(person, source, "away")
        status = person.nbmlops("status")
        assert "does not answer" in status.stdout
    finally:
        team.server.start()
    papermill(person, source.replace("away", "back"), "back")

    def names() -> list[str]:
        found = person.good("runs", "--limit", "2")
        return sorted(run["name"] for run in (*found["runs"], *found["outer"]))

    # The scribe sends what an earlier session has left when its own is done, after the notebook has ended.
    assert eventually(lambda: names() == ["away", "back"]), names()
    shown = person.good("show", "away")["run"]
    assert (shown["metrics"], shown["params"]) == ({"loss": 0.5}, {"note": "away"})
