"""`explain MODEL --data`: models and data found as `evaluate` finds them, rows, classes, groups, what MLflow keeps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import msgspec
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC
from xgboost import XGBClassifier

from nbmlops.errors import NbmlopsError, NotFoundError, StateError, UsageError
from nbmlops.model.attribution import CHANGE, Explanation
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.explain import Request, explain
from nbmlops.ops.explain_model import Result
from nbmlops.ops.explanation_run import importances_of, newest_explanation
from nbmlops.ops.pack import Request as PackRequest
from nbmlops.ops.pack import pack
from nbmlops.ops.promote import Request as PromoteRequest
from nbmlops.ops.promote import promote
from nbmlops.project import Project
from nbmlops.track.lists import datasets, find_run
from tests.unit.ops.fitted import fit, with_models
from tests.unit.ops.mlflow_runs import Runs

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = with_models(tmp_path_factory.mktemp("explain") / "wines")
    yield project
    project.database.close()
    project.objects.index.database.close()


def asked(project: Project, ref: str, data: str = "data/wine.csv", **values: Any) -> Result:
    more = {"no_track": True, "repeats": 3, "method": "light", **values}
    found = explain(Call(project.root), Request(notebook=ref, data=data, **more))
    assert isinstance(found, Result)
    return found


def refused(project: Project, ref: str, data: str = "data/wine.csv", **values: Any) -> NbmlopsError:
    with pytest.raises(NbmlopsError) as caught:
        asked(project, ref, data, **values)
    assert "\n" not in str(caught.value)
    return caught.value


def adds_up(found: Explanation) -> bool:
    return all(
        outcome.base + sum(part.amount for part in outcome.parts) == pytest.approx(outcome.answer, abs=1e-9)
        for row in found.explained
        for outcome in row.outcomes
    )


def test_a_classifier(made: Project) -> None:
    found = asked(made, "good", repeats=10)
    assert (found.task, found.metric, found.data.target) == ("classification", "accuracy", "target")
    assert found.score is not None
    assert found.score > 0.9
    assert found.importances[0].name == "proline"
    assert sum(each.share or 0 for each in found.importances) == pytest.approx(1)
    assert [row.picked for row in found.explained] == ["least sure"] * 3
    assert [len(row.outcomes) for row in found.explained] == [3, 3, 3]
    assert found.explained[0].outcomes[0].of == found.explained[0].answer
    assert found.method == "sampled Shapley values"
    assert adds_up(found)
    assert len(found.curves) == 6
    assert found.of in ("0", "1", "2")


def test_a_regressor_and_rows_that_are_asked_for(made: Project) -> None:
    found = asked(made, "ridge", "data/diabetes.csv", row=(7, 2, 7))
    table = pd.read_csv(made.root / "data" / "diabetes.csv")
    assert [(row.row, row.picked) for row in found.explained] == [(7, "asked for"), (2, "asked for")]
    assert found.explained[0].truth == f"{table['target'][6]:g}"
    assert found.explained[0].outcomes[0].parts[0].value
    assert (found.method, found.metric, found.of) == ("exact Shapley values", "mae", "")
    assert adds_up(found)
    assert {each.name for each in found.importances} == set(table.columns) - {"target"}


def test_without_a_target_answers_tell(made: Project) -> None:
    table = pd.read_csv(made.root / "data" / "wine.csv")
    table.drop(columns="target").to_csv(made.root / "bare.csv", index=False)
    table.assign(bottle=range(len(table))).to_csv(made.root / "two.csv", index=False)
    for data in ("bare.csv", "two.csv"):
        found = asked(made, "good", data)
        assert (found.metric, found.score, found.data.target) == (CHANGE, None, "")
        assert found.importances[0].importance == pytest.approx(found.importances[0].change)
        assert found.explained[0].truth == ""
    assert asked(made, "good", "two.csv", target="target").metric == "accuracy"
    assert refused(made, "good", "bare.csv", metric="accuracy").kind == "target-missing"


def test_a_column_that_cannot_be_the_target_is_left_aside(made: Project) -> None:
    table = pd.read_csv(made.root / "data" / "wine.csv").drop(columns="target")
    table.assign(bottle=[f"b{number}" for number in range(len(table))]).to_csv(made.root / "odd.csv", index=False)
    found = asked(made, "good", "odd.csv")
    assert found.metric == CHANGE
    assert found.notes[0].startswith("bottle is not what the model predicts")
    assert refused(made, "good", "odd.csv", target="bottle").kind == "target-types"


def test_the_class_and_the_metric_that_are_asked_for(made: Project) -> None:
    found = asked(made, "good", of="2", metric="log_loss", row=(1,))
    assert found.of == "2"
    assert found.explained[0].outcomes[0].of == "2"
    assert found.metric == "log_loss"
    for values, kind in (
        ({"of": "9"}, "class-unknown"),
        ({"metric": "mae"}, "metric-missing"),
        ({"metric": "precision"}, "metric-missing"),
        ({"row": (0,)}, "row-missing"),
        ({"row": (10_000,)}, "row-missing"),
        ({"repeats": 0}, "repeats-malformed"),
        ({"sample": 1}, "sample-malformed"),
        ({"seed": -1}, "seed-malformed"),
        ({"confidence": 1.0}, "confidence-malformed"),
        ({"group": ("hue",)}, "group-malformed"),
        ({"group": ("hue,ash", "ash,alcohol")}, "group-malformed"),
        ({"group": ("hue,huge",)}, "group-unknown"),
        ({"cell": "3"}, "explain-mixed"),
        ({"want": ("x",)}, "explain-mixed"),
        ({"target": "kind"}, "target-missing"),
    ):
        assert refused(made, "good", **values).kind == kind  # type: ignore[arg-type]
    assert refused(made, "ridge", "data/diabetes.csv", of="1").kind == "class-unknown"


def test_columns_that_move_together_are_one_unless_they_are_kept_apart(made: Project) -> None:
    table = pd.read_csv(made.root / "data" / "wine.csv")
    table.assign(hue=table["ash"] * 2).to_csv(made.root / "twice.csv", index=False)
    found = asked(made, "good", "twice.csv")
    (group,) = [each for each in found.importances if len(each.columns) > 1]
    assert set(group.columns) == {"ash", "hue"}
    assert any("ash + hue move together" in note for note in found.notes)
    assert "ash + hue" in {part.name for part in found.explained[0].outcomes[0].parts}
    apart = asked(made, "good", "twice.csv", group=("none",))
    assert all(len(each.columns) == 1 for each in apart.importances)
    assert len(asked(made, "good", group=("hue, ash", "alcohol,proline")).importances) == 11


def test_rows_without_a_target_are_counted_and_numbers_stay(made: Project) -> None:
    table = pd.read_csv(made.root / "data" / "diabetes.csv")
    table.loc[1, "target"] = None
    table.to_csv(made.root / "gaps.csv", index=False)
    found = asked(made, "ridge", "gaps.csv", row=(3,))
    assert found.data.left_out == 1
    assert found.explained[0].truth == f"{table['target'][2]:g}"
    assert "has no target" in refused(made, "ridge", "gaps.csv", row=(2,)).message


def test_a_sample_is_told(made: Project) -> None:
    found = asked(made, "ridge", "data/diabetes.csv", sample=120)
    assert found.rows == 120
    assert found.notes == ("A sample of 120 of 221 rows is shuffled.",)


def test_one_row_is_too_few(made: Project) -> None:
    pd.read_csv(made.root / "data" / "wine.csv").head(1).to_csv(made.root / "one.csv", index=False)
    assert refused(made, "good", "one.csv").kind == "data-few"
    pd.read_csv(made.root / "data" / "wine.csv").head(3).to_csv(made.root / "three.csv", index=False)
    found = asked(made, "good", "three.csv")
    assert all(each.low is None for each in found.importances if each.change)
    assert adds_up(found)


class Strict(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Takes only rows whose second column is twice the first."""

    def fit(self, inputs: Any, truth: Any) -> Strict:
        self.fitted_ = True
        return self

    def predict(self, inputs: Any) -> Any:
        table = np.asarray(inputs, dtype=float)
        if not np.allclose(table[:, 1], 2 * table[:, 0]):
            raise ValueError("The second is not twice the first.")
        return table[:, 0] + table[:, 2]


def test_a_model_that_refuses_shuffled_values_is_told_not_a_failure(made: Project) -> None:
    chance = np.random.default_rng(0)
    first = chance.normal(size=40)
    table = pd.DataFrame({"first": first, "second": 2 * first, "third": chance.normal(size=40)})
    truth = table["first"] + table["third"]
    fit(Runs(made), "strict", "strict", Strict(), table, truth)
    table.assign(y=truth).to_csv(made.root / "strict.csv", index=False)
    apart = asked(made, "strict", "strict.csv", group=("none",))
    by_name = {each.name: each for each in apart.importances}
    assert by_name["first"].importance is None
    assert "not twice the first" in by_name["first"].why
    assert by_name["third"].importance > 0  # type: ignore[operator]
    assert all(row.why for row in apart.explained)
    assert any("first could not be measured" in note for note in apart.notes)
    together = asked(made, "strict", "strict.csv")
    assert {each.name for each in together.importances} == {"first + second", "third"}
    assert adds_up(together)
    assert all(not row.why for row in together.explained)


def test_a_pipeline_of_text_gaps_and_numbers(made: Project) -> None:
    chance = np.random.default_rng(1)
    colour = chance.choice(["red", "white", "rose"], 120)
    table = pd.DataFrame({"colour": colour, "size": chance.normal(size=120), "noise": chance.normal(size=120)})
    table.loc[::7, "size"] = np.nan
    kind = np.where((colour == "red") & (table["size"].fillna(0) > -0.5), "good", "bad")
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["colour"]), (SimpleImputer(), ["size", "noise"])
        ),
        RandomForestClassifier(20, random_state=0),
    )
    fit(Runs(made), "colours", "colours", model, table, kind)
    table.assign(kind=kind).to_csv(made.root / "colours.csv", index=False)
    found = asked(made, "colours", "colours.csv", row=(1, 8))
    by_name = {each.name: each for each in found.importances}
    assert found.importances[0].name == "colour"
    assert by_name["colour"].direction is None
    assert by_name["size"].direction is not None
    assert found.of == "good"
    assert "missing" in {part.value for part in found.explained[0].outcomes[0].parts}
    assert {curve.column: curve.places == () for curve in found.curves}["colour"]
    assert adds_up(found)


def test_labels_alone_and_a_model_of_one_column(made: Project) -> None:
    chance = np.random.default_rng(2)
    table = pd.DataFrame({"x": chance.normal(size=80)})
    kind = np.where(table["x"] > 0, "up", "down")
    fit(Runs(made), "labels", "labels", SVC(), table, kind)
    table.assign(kind=kind).to_csv(made.root / "labels.csv", index=False)
    found = asked(made, "labels", "labels.csv")
    (only,) = found.importances
    assert (only.name, only.share) == ("x", 1.0)
    assert [row.picked for row in found.explained] == ["the first of its class"] * 2
    assert adds_up(found)
    assert refused(made, "labels", "labels.csv", metric="log_loss").kind == "metric-missing"


def test_a_classifier_of_xgboost_gives_probabilities(made: Project) -> None:
    chance = np.random.default_rng(6)
    table = pd.DataFrame(chance.normal(size=(80, 3)), columns=["a", "b", "c"])
    kind = (table["a"] > 0).astype(int)
    model = XGBClassifier(n_estimators=5).fit(table, kind)
    runs = Runs(made)
    run = runs.add("boosted", experiment="boosted")
    with mlflow.start_run(run_id=run):
        mlflow.xgboost.log_model(model, name="model", signature=infer_signature(table, model.predict(table)))
    runs.writer.end_run(run)
    table.assign(kind=kind).to_csv(made.root / "boosted.csv", index=False)
    found = asked(made, "boosted", "boosted.csv", metric="log_loss", row=(1,))
    assert found.importances[0].name == "a"
    assert 0 < found.explained[0].outcomes[0].answer < 1
    assert adds_up(found)


def test_code_that_names_no_classes_may_say_other_labels(made: Project) -> None:
    folder = made.root / "words"
    (folder / "model" / "code").mkdir(parents=True)
    (folder / "Kitfile").write_text("package: {name: words}\nmodel: {path: model}\n")
    (folder / "model" / "MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: a_word, code: code}\n"
        """signature: {inputs: '[{"name": "x", "type": "double"}, {"name": "y", "type": "double"}]'}\n"""
    )
    (folder / "model" / "code" / "a_word.py").write_text(
        "class Word:\n    def predict(self, table):\n"
        "        return [f'{x > 0}{y > 0}' for x, y in zip(table['x'], table['y'])]\n\n\n"
        "def _load_pyfunc(path):\n    return Word()\n"
    )
    pack(Call(made.root), PackRequest(source="words", tag="words:v1"))
    value = np.arange(-10.0, 10.0)
    pd.DataFrame({"x": value, "y": value}).to_csv(made.root / "words.csv", index=False)
    found = asked(made, "words:v1", "words.csv", group=("none",))
    assert found.task == "classification"
    assert [each.importance is not None for each in found.importances] == [True, True]
    assert adds_up(found)
    assert any(outcome.of == "another label" for row in found.explained for outcome in row.outcomes)


def test_a_model_of_arrays_takes_the_columns_names(made: Project) -> None:
    chance = np.random.default_rng(3)
    numbers = chance.normal(size=(60, 2))
    truth = numbers @ [3.0, 1.0]
    fit(Runs(made), "arrays", "arrays", LinearRegression(), numbers, truth)
    pd.DataFrame({"left": numbers[:, 0], "right": numbers[:, 1], "y": truth}).to_csv(made.root / "a.csv", index=False)
    found = asked(made, "arrays", "a.csv", target="y")
    assert [each.name for each in found.importances] == ["left", "right"]
    assert found.data.target == "y"
    error = refused(made, "arrays", "a.csv")
    assert error.kind == "data-columns"
    assert "--target" in error.hint


def test_the_run_keeps_it_and_gives_the_shares_back(made: Project) -> None:
    assert importances_of(Call(made.root), "stump") == {}
    assert newest_explanation(Call(made.root), "nobody") is None
    found = asked(made, "stump", no_track=False, output="reports/stump.html")
    assert Path(found.report).read_text().startswith("<!doctype html>")
    run = find_run(made.uri, found.run)
    assert run.tags[Tags.KIND] == "explanation"
    assert run.tags[Tags.EVALUATED_RUN] == find_run(made.uri, "stump").id
    assert (run.experiment, run.name, run.status) == ("wine", "explain-stump", "FINISHED")
    assert run.params["metric"] == "accuracy"
    assert [(each.name, each.context) for each in datasets(made.uri, run.id)] == [("wine.csv", "explanation")]
    shares = importances_of(Call(made.root), "stump")
    assert shares["proline"] == 1.0
    assert len(shares) == 13
    for name in (found.model.model, found.model.run, f"runs:/{found.model.run}"):
        assert importances_of(Call(made.root), name) == shares
    again = asked(made, "stump", no_track=False, metric="log_loss")
    newest = newest_explanation(Call(made.root), "stump")
    assert newest is not None
    assert newest.metric == again.metric == "log_loss"
    assert msgspec.structs.replace(newest, importances=()) == msgspec.convert(
        {**msgspec.to_builtins(again), "importances": []}, Explanation
    )


def test_by_an_alias_or_as_a_package(made: Project) -> None:
    promote(Call(made.root), PromoteRequest(run="stump", alias="champion"))
    package = pack(Call(made.root), PackRequest(source="stump", tag="stump:v1"))
    first = asked(made, "stump")
    for ref, values in (
        ("models:/wine@champion", {}),
        ("champion", {"model": "wine"}),
        ("stump:v1", {}),
        (package.references[0], {}),
    ):
        assert asked(made, ref, **values).importances == first.importances
    assert importances_of(Call(made.root), "stump:v1") == importances_of(Call(made.root), "stump")


def test_what_is_not_there_is_not_found(made: Project) -> None:
    assert isinstance(refused(made, "nobody"), NotFoundError)
    assert isinstance(refused(made, "good", "nothing.csv"), NotFoundError)
    assert refused(made, "").kind == "model-unnamed"
    for field, value in (("row", (3,)), ("output", "x.html"), ("method", "light"), ("no_track", True)):
        with pytest.raises(UsageError, match="no data are named") as caught:
            explain(Call(made.root), Request(notebook="count.ipynb", **{field: value}))
        assert caught.value.kind == "data-missing"


def test_a_package_of_a_stranger_is_not_loaded(made: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pack(Call(made.root), PackRequest(source="good", tag="foreign:v1"))
    monkeypatch.setenv("NBMLOPS_HOME", str(tmp_path / "nobody"))
    assert isinstance(refused(made, "foreign:v1"), StateError)
    assert asked(made, "foreign:v1", trust=True).importances


def test_progress_is_told_by_columns(made: Project) -> None:
    told: list[Progress] = []
    explain(
        Call(made.root, progress=told.append),
        Request(notebook="stump", data="data/wine.csv", no_track=True, repeats=1, method="light"),
    )
    assert [each.done for each in told if each.total == 13] == list(range(1, 14))
    assert told[-1].state == "done"


def test_shap_that_is_not_installed_is_asked_for_by_its_line(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python takes for a module that is not there.
    monkeypatch.setitem(sys.modules, "shap", None)
    error = refused(made, "stump", method="shap")
    assert (error.kind, error.hint) == ("shap-missing", "pip install 'nbmlops[explain]'")
    assert asked(made, "stump", method="auto").method.endswith("Shapley values")


def test_the_same_seed_gives_the_same(made: Project) -> None:
    one, same, other = (asked(made, "good", seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.importances != other.importances


def test_logistic_regression_is_explained_in_probabilities(made: Project) -> None:
    chance = np.random.default_rng(4)
    table = pd.DataFrame(chance.normal(size=(90, 3)), columns=["a", "b", "c"])
    kind = (table["a"] - table["b"] > 0).astype(int)
    fit(Runs(made), "logistic", "logistic", LogisticRegression(), table, kind)
    table.assign(kind=kind).to_csv(made.root / "logistic.csv", index=False)
    found = asked(made, "logistic", "logistic.csv", row=(1,))
    assert (found.of, found.method) == ("1", "exact Shapley values")
    directions = {each.name: each.direction or 0 for each in found.importances}
    assert directions["a"] > 0.7
    assert directions["b"] < -0.7
    assert all(0 <= outcome.answer <= 1 for outcome in found.explained[0].outcomes)
    assert adds_up(found)
