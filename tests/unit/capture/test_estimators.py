"""What the estimator sensor sees, and what it leaves alone."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.model.fit import Fit

RANDOM = np.random.default_rng(0)
X = RANDOM.random((200, 4))
Y = (X[:, 0] > 0.5).astype(int)


class Seen:
    def __init__(self, folder: Path) -> None:
        self.fits: list[Fit] = []
        self.aside = False
        self.sensor = EstimatorSensor(self.fits.append, lambda: folder, stands_aside=lambda: self.aside)

    def names(self) -> list[str]:
        return [fit.estimator for fit in self.fits]


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    made = Seen(tmp_path)
    made.sensor.install()
    yield made
    made.sensor.uninstall()


class Nearest(ClassifierMixin, BaseEstimator):
    """An estimator that somebody wrote in a notebook."""

    def __init__(self, api_key: str = "", width: int = 3, lock: Any = None) -> None:
        self.api_key = api_key
        self.width = width
        self.lock = lock

    def fit(self, X: Any, y: Any) -> Nearest:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        warnings.warn("a warning of the user's own", stacklevel=2)
        np.random.random()
        return np.zeros(len(X), dtype=int)


def test_a_fit_is_told_with_parameters_shape_figures_and_model(seen: Seen) -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = LogisticRegression(C=0.5).fit(frame, Y)
    (fit,) = seen.fits
    assert (fit.estimator, fit.rows, fit.columns, fit.column_names) == (
        "LogisticRegression",
        200,
        4,
        tuple("abcd"),
    )
    assert fit.params["C"] == "0.5"
    assert fit.metrics["training_accuracy_score"] == pytest.approx(accuracy_score(Y, model.predict(frame)))
    assert set(fit.packages) >= {"sklearn"}
    loaded = pickle.loads(Path(fit.model).read_bytes())
    assert (loaded.predict(frame) == model.predict(frame)).all()
    rows, answers = pickle.loads(Path(fit.sample).read_bytes())
    assert list(rows.columns) == list("abcd")
    assert len(answers) == 5


def test_figures_are_those_of_sklearn(seen: Seen) -> None:
    from sklearn import metrics

    labels = np.array(["a", "b", "c"])[(X[:, 0] * 3).astype(int)]
    classifier = DecisionTreeClassifier(max_depth=2).fit(X, labels)
    regressor = LinearRegression().fit(X, X[:, 1] + X[:, 2] ** 2)
    answers = classifier.predict(X)
    first, second = (fit.metrics for fit in seen.fits)
    options: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    assert first["training_f1_score"] == pytest.approx(metrics.f1_score(labels, answers, **options))
    assert first["training_precision_score"] == pytest.approx(metrics.precision_score(labels, answers, **options))
    assert first["training_recall_score"] == pytest.approx(metrics.recall_score(labels, answers, **options))
    assert second["training_r2_score"] == pytest.approx(regressor.score(X, X[:, 1] + X[:, 2] ** 2))


def test_only_the_outermost_call_counts(seen: Seen) -> None:
    make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    RandomForestClassifier(n_estimators=5, n_jobs=2).fit(X, Y)
    VotingClassifier([("a", DecisionTreeClassifier()), ("b", LogisticRegression())], n_jobs=1).fit(X, Y)
    cross_val_score(LogisticRegression(), X, Y, cv=3)
    assert seen.names() == ["Pipeline", "RandomForestClassifier", "VotingClassifier"]


def test_fits_in_joblib_threads_of_an_outer_fit_are_its_parts(seen: Seen) -> None:
    from joblib import parallel_config

    with parallel_config(backend="threading", n_jobs=2):
        BaggingClassifier(DecisionTreeClassifier(), n_estimators=4, n_jobs=2).fit(X, Y)
        VotingClassifier([("a", DecisionTreeClassifier()), ("b", LogisticRegression())], n_jobs=2).fit(X, Y)
    assert seen.names() == ["BaggingClassifier", "VotingClassifier"]


def test_fits_in_the_users_own_threads_all_count(seen: Seen) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda depth: DecisionTreeClassifier(max_depth=depth).fit(X, Y), range(1, 7)))
    assert sorted(fit.params["max_depth"] for fit in seen.fits) == list("123456")


def test_transformers_alone_are_no_runs(seen: Seen) -> None:
    StandardScaler().fit(X)
    StandardScaler().fit_transform(X)
    Pipeline([("a", StandardScaler()), ("b", StandardScaler())]).fit(X)
    assert seen.fits == []
    KMeans(2, n_init=1).fit_predict(X)
    assert seen.names() == ["KMeans"]


def test_a_search_tells_its_best_and_its_candidates_also_with_two_processes(seen: Seen) -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 0.1, 1, 10, 100, 1000]}, cv=2, n_jobs=2).fit(X, Y)
    (fit,) = seen.fits
    assert fit.best_params == {"C": str(search.best_params_["C"])}
    assert fit.best_score == search.best_score_
    assert len(fit.candidates) == 5
    assert fit.candidates[0].rank == 1
    assert seen.sensor.key_of(search.best_estimator_) == fit.key


def test_a_failing_fit_is_told_and_its_exception_passes_unchanged(seen: Seen) -> None:
    with pytest.raises(ValueError, match="NaN") as caught:
        LogisticRegression().fit(X * np.nan, Y)
    assert caught.value.__cause__ is None
    (fit,) = seen.fits
    assert fit.failure.startswith("ValueError")
    assert not fit.interrupted
    assert fit.model == ""


def test_a_model_that_cannot_be_pickled_says_so(seen: Seen) -> None:
    import threading

    Nearest(lock=threading.Lock()).fit(X, Y)
    (fit,) = seen.fits
    assert fit.model == ""
    assert "cannot be pickled: TypeError" in fit.model_skipped


def test_a_model_over_the_limit_is_skipped_and_leaves_no_file(
    seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbmlops.capture.observation.MODEL_BYTES", 100)
    DecisionTreeClassifier().fit(X, Y)
    assert "larger than" in seen.fits[0].model_skipped
    assert list(tmp_path.glob("*.model")) == []


def test_secrets_are_not_told(seen: Seen) -> None:
    Nearest(api_key="hunter2").fit(X, Y)
    assert seen.fits[0].params == {"api_key": "[redacted]", "width": "3", "lock": "None"}


def test_no_warning_and_no_random_number_is_used_up(seen: Seen) -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Nearest().fit(X, Y)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[union-attr]
    assert seen.fits[0].metrics


def test_an_error_of_ours_does_not_reach_the_user(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(fit: Fit) -> None:
        raise RuntimeError("ours")

    sensor = EstimatorSensor(broken, lambda: tmp_path)
    sensor.install()
    try:
        LogisticRegression().fit(X, Y)
        LogisticRegression().fit(X, Y)
    finally:
        sensor.uninstall()
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "a fitted model could not be recorded: RuntimeError: ours"
    ]


def test_learning_in_pieces_is_one_fit_told_when_the_cell_ends(seen: Seen) -> None:
    model = SGDClassifier()
    for start in range(0, 200, 20):
        model.partial_fit(X[start : start + 20], Y[start : start + 20], classes=[0, 1])
    assert seen.fits == []
    seen.sensor.settle()
    assert seen.names() == ["SGDClassifier"]
    assert seen.sensor.key_of(model) == seen.fits[0].key


def test_classes_and_models_are_copied_and_pickled_as_ever(seen: Seen) -> None:
    model = LogisticRegression().fit(X, Y)
    for same in (
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        cloudpickle.loads(cloudpickle.dumps(model)),
    ):
        assert (same.predict(X) == model.predict(X)).all()
    assert clone(model).get_params() == model.get_params()
    assert pickle.loads(pickle.dumps(LogisticRegression)) is LogisticRegression
    assert copy.deepcopy(Nearest) is Nearest
    assert pickle.loads(pickle.dumps(model.fit)).__self__.get_params() == model.get_params()
    assert inspect.isfunction(LogisticRegression.fit)
    assert list(inspect.signature(model.fit).parameters) == ["X", "y", "sample_weight"]


def test_a_class_pickled_by_value_takes_nothing_of_ours_along(seen: Seen) -> None:
    space: dict[str, Any] = {"BaseEstimator": BaseEstimator, "__name__": "__main__"}
    exec(
        "class Mine(BaseEstimator):\n"
        "    def fit(self, X, y=None):\n        return self\n"
        "    def predict(self, X):\n        return [0] * len(X)\n",
        space,
    )
    mine = space["Mine"]
    assert any("Mine.fit" in name for name in seen.sensor.patched())
    data = cloudpickle.dumps(mine().fit(X, Y))
    assert b"nbmlops" not in data
    assert cloudpickle.loads(data).predict([1, 2]) == [0, 0]
    assert seen.names() == ["Mine"]


def test_uninstalling_leaves_everything_as_it_was(tmp_path: Path) -> None:
    before = {name: LogisticRegression.__dict__[name] for name in ("fit", "predict_proba")}
    seen = Seen(tmp_path)
    seen.sensor.install()
    assert "sklearn.linear_model._logistic.LogisticRegression.fit" in seen.sensor.patched()
    seen.sensor.uninstall()
    assert seen.sensor.patched() == []
    assert {name: LogisticRegression.__dict__[name] for name in before} == before
    assert "__init_subclass__" not in BaseEstimator.__dict__
    pickle.loads(pickle.dumps(LogisticRegression().fit(X, Y)))
    assert seen.fits == []


def test_it_stands_aside_when_told(seen: Seen) -> None:
    seen.aside = True
    LogisticRegression().fit(X, Y)
    assert seen.fits == []


def test_methods_that_depend_on_a_part_are_watched_and_stay_conditional(seen: Seen) -> None:
    clusters = make_pipeline(StandardScaler(), KMeans(2, n_init=1))
    clusters.fit_predict(X)
    assert seen.names() == ["Pipeline"]
    assert not hasattr(make_pipeline(StandardScaler(), LogisticRegression()), "fit_predict")
    pickle.loads(pickle.dumps(clusters)).predict(X)
    space: dict[str, Any] = {"Pipeline": Pipeline, "__name__": "__main__"}
    exec("class Mine(Pipeline):\n    fit_predict = Pipeline.__dict__['fit_predict']\n", space)
    assert b"nbmlops" not in cloudpickle.dumps(space["Mine"])
