"""`evaluate`: models found by whatever they are called, data that fits or not, gates, aliases, what MLflow keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC

from nbmlops.errors import (
    ConflictError,
    ExternalError,
    NbmlopsError,
    NotFoundError,
    StateError,
    UnavailableError,
    UsageError,
)
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.evaluate import Request, Result, evaluate
from nbmlops.ops.pack import Request as PackRequest
from nbmlops.ops.pack import pack
from nbmlops.ops.promote import Request as PromoteRequest
from nbmlops.ops.promote import promote
from nbmlops.ops.snapshot import Request as SnapshotRequest
from nbmlops.ops.snapshot import snapshot
from nbmlops.project import Project
from nbmlops.track.lists import datasets, find_run, list_runs
from nbmlops.track.registry import version_of
from tests.unit.ops.fitted import fit, halves_of, with_models
from tests.unit.ops.mlflow_runs import Runs

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
GATE = (
    "metrics: {accuracy: {min: 0.9}}\nagainst: {accuracy: {min_change: 0.0}}\nslices: {max_loss: 0.1, min_rows: 15}\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = with_models(tmp_path_factory.mktemp("evaluate") / "wines")
    yield project
    project.database.close()
    project.objects.index.database.close()


def asked(project: Project, ref: str, data: str = "data/wine.csv", **values: Any) -> Result:
    return evaluate(Call(project.root), Request(ref=ref, data=data, **{"no_track": True, **values}))


def refused(project: Project, ref: str, data: str = "data/wine.csv", **values: Any) -> NbmlopsError:
    with pytest.raises(NbmlopsError) as caught:
        asked(project, ref, data, **values)
    assert "\n" not in str(caught.value)
    return caught.value


def written(project: Project, name: str, text: str) -> str:
    (project.root / name).write_text(text)
    return name


def changed(project: Project, name: str, data: str = "wine", **columns: Any) -> str:
    table = pd.read_csv(project.root / "data" / f"{data}.csv")
    table.assign(**columns).to_csv(project.root / name, index=False)
    return name


def test_a_classifier_is_measured_as_scikit_learn_measures_it(made: Project) -> None:
    found = asked(made, "good")
    table = halves_of(load_wine)[1]
    model = mlflow.sklearn.load_model(_location(made, "good"))
    inputs = table.drop(columns="target")
    values = {each.name: each.value for each in found.metrics}
    assert values["accuracy"] == pytest.approx(accuracy_score(table["target"], model.predict(inputs)))
    assert values["log_loss"] == pytest.approx(log_loss(table["target"], model.predict_proba(inputs)))
    assert (found.task, found.data.target, found.data.rows) == ("classification", "target", len(table))
    assert found.model.estimator == "sklearn.pipeline.Pipeline"
    assert found.model.bytes > 1000
    assert found.model.milliseconds is not None
    assert found.confusion is not None
    assert sum(map(sum, found.confusion.counts)) == len(table)
    assert found.calibration is not None
    assert found.residuals is None
    assert found.passed is None
    assert found.run == ""
    assert found.slices
    assert {"hue", "alcohol"} <= {each.column for each in found.slices}
    assert "target" not in {each.column for each in found.slices}


def test_a_regressor_too(made: Project) -> None:
    found = asked(made, "ridge", "data/diabetes.csv")
    table = pd.read_csv(made.root / "data" / "diabetes.csv")
    model = mlflow.sklearn.load_model(_location(made, "ridge"))
    said = model.predict(table.drop(columns="target"))
    values = {each.name: each.value for each in found.metrics}
    assert values["rmse"] == pytest.approx(root_mean_squared_error(table["target"], said))
    assert values["r2"] == pytest.approx(r2_score(table["target"], said))
    assert found.task == "regression"
    assert found.residuals is not None
    assert found.residuals.quantiles[0] == pytest.approx(float((said - table["target"]).min()))
    assert (found.confusion, found.calibration) == (None, None)
    assert found.slices[0].metric == "mae"


def _location(project: Project, run: str) -> str:
    from nbmlops.ops.run_model import run_model

    model = run_model(project, find_run(project.uri, run))
    assert model is not None
    return model.location


def test_models_by_all_their_names(made: Project) -> None:
    run = find_run(made.uri, "good").id
    package = pack(Call(made.root), PackRequest(source="good", tag="good:v1"))
    first = asked(made, "good")
    for name in (run, run[:12], f"runs:/{run}", f"runs:/{run}/model", "good:v1", package.references[0]):
        found = asked(made, name)
        assert (found.model.name, found.metrics) == (name, first.metrics)
        assert found.model.run == run
    assert asked(made, "good:v1").model.digest.startswith("sha256:")


def test_a_difference_that_is_real_is_told_as_such(made: Project) -> None:
    found = asked(made, "good", against="stump")
    accuracy = found.metric("accuracy")
    assert accuracy is not None
    assert accuracy.difference_low is not None
    assert accuracy.difference_low > 0
    assert accuracy.against == asked(made, "stump").metric("accuracy").value  # type: ignore[union-attr]
    assert found.slices[0].against is not None
    assert asked(made, "mean", "data/diabetes.csv", against="ridge").metric("mae").difference_low > 0  # type: ignore


def test_the_gate_decides_and_only_then_the_alias_moves(made: Project, tmp_path: Path) -> None:
    gate = written(made, "gate.yaml", GATE)
    wanted = {"gate": gate, "against": "champion", "promote": "champion"}
    found = asked(made, "stump", **wanted)
    assert (found.passed, found.exit_code, found.promoted) == (False, 1, "")
    assert [each.passed for each in found.gate] == [False, True, True]
    assert version_of(made.uri, "models:/wine@champion") is None
    found = asked(made, "good", **wanted)
    assert (found.passed, found.exit_code) == (True, 0)
    assert (found.promoted, found.version, found.before) == ("models:/wine@champion", "1", "")
    found = asked(made, "stump", **wanted)
    assert [each.passed for each in found.gate] == [False, False, False]
    assert found.against is not None
    assert found.against.name == "models:/wine@champion"
    assert version_of(made.uri, "models:/wine@champion") == "1"
    # The champion itself is as good as the champion.
    found = asked(made, "champion", model="wine", **wanted)
    assert (found.model.name, found.passed, found.version, found.before) == ("models:/wine@champion", True, "1", "1")


def test_the_model_that_was_evaluated_is_promoted_not_the_run_s_newest(made: Project) -> None:
    runs = Runs(made)
    first, second = halves_of(load_wine)
    run = fit(runs, "twice", "two", SVC(), first.drop(columns="target"), first["target"])
    one = runs.writer.client.search_logged_models([runs.writer.client.get_run(run).info.experiment_id])[0]
    gate = written(made, "low.yaml", "metrics: {accuracy: {min: 0.1}}")
    found = asked(made, f"models:/{one.model_id}", gate=gate, promote="champion", target="target")
    assert found.promoted == "models:/two@champion"
    assert runs.writer.client.get_model_version("two", found.version).source == f"models:/{one.model_id}"
    assert {each.name for each in found.metrics} & {"log_loss", "ece"} == set()
    assert found.calibration is None
    assert len(second) == found.data.rows


def test_an_alias_that_somebody_moves_meanwhile_stays_theirs(made: Project) -> None:
    gate = written(made, "low.yaml", "metrics: {accuracy: {min: 0.1}}")
    moved: list[str] = []

    def progress(event: Progress) -> None:
        if event.task == "evaluate" and not moved:
            moved.append(promote(Call(made.root), PromoteRequest(run="stump", alias="next", model="race")).version)

    request = Request(ref="good", data="data/wine.csv", gate=gate, promote="next", model="race", no_track=True)
    with pytest.raises(ConflictError) as caught:
        evaluate(Call(made.root, progress=progress), request)
    assert (caught.value.kind, caught.value.facts["before"]) == ("alias-moved", "")
    assert version_of(made.uri, "models:/race@next") == moved[0]


def test_a_loss_in_slices_with_confidence(made: Project) -> None:
    gate = written(made, "sure.yaml", "slices: {max_loss: 0.0, confidence: 0.99, min_rows: 15}")
    assert asked(made, "good", against="stump", gate=gate).passed
    assert not asked(made, "stump", against="good", gate=gate).passed


def test_what_mlflow_keeps(made: Project) -> None:
    gate = written(made, "gate.yaml", "metrics: {accuracy: {min: 0.5}}\n")
    found = asked(made, "good", gate=gate, no_track=False)
    run = find_run(made.uri, found.run)
    assert (run.name, run.experiment, run.status) == ("evaluate-good", "wine", "FINISHED")
    assert run.tags[Tags.KIND] == "evaluate"
    assert run.tags[Tags.GATE] == "passed"
    assert run.tags[Tags.EVALUATED_RUN] == found.model.run == find_run(made.uri, "good").id
    accuracy = found.metric("accuracy")
    assert accuracy is not None
    assert run.metrics["accuracy"] == accuracy.value
    assert run.metrics["accuracy_low"] == accuracy.low
    assert run.metrics["rows"] == found.data.rows
    assert run.params["data"] == "data/wine.csv"
    (use,) = datasets(made.uri, run.id)
    assert (use.name, use.context, use.digest) == ("wine.csv", "evaluation", found.data.digest)
    client = Runs(made).writer.client
    assert {each.path for each in client.list_artifacts(run.id)} == {"evaluation.html", "evaluation.json"}
    kept = json.loads(Path(client.download_artifacts(run.id, "evaluation.json")).read_text())
    assert kept["passed"] is True
    known = {each.key: each.value for each in client.get_logged_model(found.model.model).metrics}
    assert known["accuracy"] == accuracy.value
    assert [each.model_id for each in client.get_run(run.id).inputs.model_inputs] == [found.model.model]
    # Names of models mean what they meant.
    assert asked(made, "good").model.run == found.model.run


def test_nothing_is_recorded_where_nothing_came_out_or_is_wanted(made: Project) -> None:
    before = len(list_runs(made.uri, limit=1000))
    asked(made, "good")
    refused(made, "good", "data/absent.csv", no_track=False)
    refused(made, "good", changed(made, "text.csv", hue="blue"), no_track=False)
    assert len(list_runs(made.uri, limit=1000)) == before


def test_data_of_a_snapshot_of_a_run_and_at_an_address(made: Project, tmp_path: Path) -> None:
    taken = snapshot(Call(made.root), SnapshotRequest(paths=("data",)))
    first = asked(made, "good")
    found = asked(made, "good", f"{taken.record.snapshot[:12]}:data/wine.csv")
    assert (found.metrics, found.data.digest) == (first.metrics, first.data.digest)
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_bytes((made.root / "data" / "wine.csv").read_bytes())
    there = asked(made, "good", elsewhere.as_uri(), no_track=False)
    assert there.metrics == first.metrics
    assert there.data.place.startswith("file://")
    (use,) = Runs(made).writer.client.get_run(there.run).inputs.dataset_inputs
    assert json.loads(use.dataset.source) == {"uri": there.data.place}
    table = pd.read_csv(made.root / "data" / "wine.csv")
    table.to_parquet(made.root / "wine.parquet")
    table.to_json(made.root / "wine.jsonl", orient="records", lines=True)
    assert asked(made, "good", "wine.parquet").metrics == first.metrics
    # JSON is written with ten digits.
    values = [each.value for each in asked(made, "good", "wine.jsonl").metrics]
    assert values == pytest.approx([each.value for each in first.metrics], rel=1e-6)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("", "data-missing"),
        ("data/absent.csv", "data-missing"),
        ("nothing:data/wine.csv", "data-missing"),
        ("file:///absent/wine.csv", "data-missing"),
        ("data", "data-missing"),
        ("gate.yaml", "data-format"),
    ],
)
def test_data_that_are_not_there(made: Project, data: str, kind: str) -> None:
    written(made, "gate.yaml", GATE)
    assert refused(made, "good", data).kind == kind


def test_bad_tables(made: Project) -> None:
    assert refused(made, "good", written(made, "empty.csv", "")).kind == "data-empty"
    assert refused(made, "good", written(made, "broken.parquet", "no table")).kind == "data-format"
    assert refused(made, "good", written(made, "ragged.csv", 'a,b\n1,2\n1,2,3\n"')).kind == "data-format"
    assert "hue" in refused(made, "good", changed(made, "text.csv", hue="blue")).message
    assert refused(made, "good", changed(made, "gap.csv", target=np.nan)).kind == "data-empty"
    strange = refused(made, "good", changed(made, "strange.csv", target="a"))
    assert (strange.kind, "It knows 0, 1, 2" in strange.hint) == ("target-types", True)
    unclear = refused(made, "good", changed(made, "unclear.csv", bottle=1))
    assert (unclear.kind, "bottle" in unclear.message) == ("target-unclear", True)
    assert refused(made, "good", slice=("colour",)).kind == "slice-missing"
    assert refused(made, "good", metric="rmse").kind == "metric-missing"
    table = pd.read_csv(made.root / "data" / "wine.csv")
    table.drop(columns=["hue"]).to_csv(made.root / "lacking.csv", index=False)
    assert refused(made, "good", "lacking.csv").kind == "data-columns"
    assert refused(made, "ridge", changed(made, "words.csv", "diabetes", target="much")).kind == "target-types"


def test_odd_tables_are_told_of(made: Project) -> None:
    table = pd.read_csv(made.root / "data" / "wine.csv")
    target = table["target"].astype(float).where(table.index % 9 != 0)
    found = asked(made, "good", changed(made, "some.csv", target=target))
    assert found.data.left_out == len(range(0, len(table), 9))
    assert found.data.notes[0].startswith(f"{found.data.left_out} of {len(table)} rows have no target")
    alone = asked(made, "good", changed(made, "alone.csv", target=1))
    assert any(note.startswith("All rows have the same label") for note in alone.data.notes)
    ranks = alone.metric("roc_auc")
    assert ranks is None or ranks.value is None
    beyond = asked(made, "good", changed(made, "beyond.csv", target=table["target"] + 1))
    assert any("does not know: 3" in note for note in beyond.data.notes)
    assert beyond.confusion is not None
    assert beyond.confusion.labels == ("0", "1", "2", "3")


def test_models_that_are_not_there(made: Project) -> None:
    for name in ("nobody", "nobody:v1", "models:/nobody@champion", "runs:/nobody", "models:/wine/99"):
        assert isinstance(refused(made, name), NotFoundError), name
    assert isinstance(refused(made, "good", against="nobody"), NotFoundError)
    runs = Runs(made)
    runs.add("going on", status="RUNNING")
    found = refused(made, "going on")
    assert (type(found), found.hint) == (StateError, "Evaluate it once it is.")
    runs.add("empty")
    assert refused(made, "empty").kind == "model-missing"


def test_a_first_champion_needs_no_other_but_a_misspelt_one_is_refused(made: Project) -> None:
    gate = written(made, "gate.yaml", GATE)
    assert isinstance(refused(made, "good", gate=gate, against="chmpion", promote="champion"), NotFoundError)
    found = asked(made, "good", gate=gate, against="first", promote="first", model="another")
    assert (found.promoted, found.against) == ("models:/another@first", None)


def test_a_registry_that_does_not_answer_is_no_first_champion(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    found = refused(made, "good", gate=written(made, "gate.yaml", GATE), against="champion", promote="champion")
    assert isinstance(found, UnavailableError)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"confidence": 1.0}, "confidence-malformed"),
        ({"confidence": 0.1}, "confidence-malformed"),
        ({"seed": -1}, "seed-malformed"),
        ({"promote": "champion"}, "gate-missing"),
        ({"promote": "v1", "gate": "gate.yaml"}, "alias-malformed"),
        ({"model": "a/b"}, "name-malformed"),
        ({"gate": "absent.yaml"}, "gate-missing"),
        ({"gate": "gate.yaml"}, "against-missing"),
        ({"positive": "7"}, "positive-unknown"),
        ({"target": "goal"}, "target-missing"),
    ],
)
def test_requests_that_contradict_themselves(made: Project, values: dict[str, Any], kind: str) -> None:
    written(made, "gate.yaml", GATE)
    assert refused(made, "good", **values).kind == kind


def test_the_task_may_be_said(made: Project) -> None:
    found = asked(made, "good", task="regression")
    assert [each.name for each in found.metrics] == ["mae", "rmse", "r2", "mape", "median_ae"]
    assert isinstance(refused(made, "good", changed(made, "letters.csv", target="a"), task="regression"), UsageError)


def test_numbers_are_not_thousands_of_labels(made: Project) -> None:
    table = pd.concat([pd.read_csv(made.root / "data" / "diabetes.csv")] * 6)
    table.assign(target=np.arange(len(table)) / 7).to_csv(made.root / "many.csv", index=False)
    assert refused(made, "ridge", "many.csv", task="classification").kind == "labels-too-many"


def test_two_labels_that_are_words_with_columns_of_words(made: Project) -> None:
    """The positive one may be chosen; codes that look like numbers stay words."""
    chance = np.random.default_rng(2)
    colour = chance.choice(["red", "blue"], 200)
    code = chance.choice(["007", "012"], 200)
    table = pd.DataFrame({"colour": colour, "code": code, "x": chance.normal(size=200)})
    truth = pd.Series(np.where((colour == "red") ^ (chance.random(200) < 0.1), "yes", "no"), name="answer")
    estimator = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="error"), ["colour", "code"]), remainder="passthrough"),
        LogisticRegression(),
    )
    fit(Runs(made), "words", "words", estimator, table, truth)
    table.assign(answer=truth).to_csv(made.root / "answers.csv", index=False)
    found = asked(made, "words", "answers.csv")
    assert found.calibration is not None
    assert found.calibration.of == "yes"
    other = asked(made, "words", "answers.csv", positive="no")
    recall, again = (each.metric("recall") for each in (found, other))
    assert recall is not None
    assert again is not None
    assert recall.value != again.value
    assert found.metric("accuracy") == other.metric("accuracy")
    assert other.calibration is not None
    assert other.calibration.of == "no"
    sliced = asked(made, "words", "answers.csv", slice=("code",))
    assert {each.value for each in sliced.slices} == {"007", "012"}


def test_a_model_that_fails_is_told_in_one_line(made: Project) -> None:
    assert isinstance(refused(made, "words", changed(made, "x.csv", colour="green", code="1", x=1.0)), NbmlopsError)
    table = pd.read_csv(made.root / "answers.csv").assign(colour="green")
    table.to_csv(made.root / "green.csv", index=False)
    assert isinstance(refused(made, "words", "green.csv"), ExternalError)


def test_a_package_of_somebody_else_is_loaded_only_where_that_is_said(
    made: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pack(Call(made.root), PackRequest(source="stump", tag="stump:v1"))
    assert asked(made, "stump:v1").model.run
    monkeypatch.setenv("NBMLOPS_HOME", str(tmp_path / "another user"))
    assert refused(made, "stump:v1").kind == "package-untrusted"
    found = asked(made, "stump:v1", trust=True)
    # Which run it is of is only what it says of itself.
    assert (found.model.run, found.model.model) == ("", "")
    gate = written(made, "low.yaml", "metrics: {accuracy: {min: 0.1}}")
    assert refused(made, "stump:v1", trust=True, gate=gate, promote="champion").kind == "promote-unknown"


def test_the_report_is_written_and_progress_told(made: Project) -> None:
    told: list[Progress] = []
    call = Call(made.root, progress=told.append)
    found = evaluate(
        call, Request(ref="good", data="data/wine.csv", output="reports/good.html", no_track=True, against="stump")
    )
    assert Path(found.report).read_text().startswith("<!doctype html>")
    assert told[-1].state == "done"
    assert {each.task for each in told} == {"model", "evaluate"}
    assert any(each.total == found.resamples for each in told)
