"""Figures that the user's code computes find the fit they belong to."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from sklearn.linear_model import LogisticRegression

from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.capture.scores import ScoreSensor
from nbmlops.model.fit import Fit, Score

RANDOM = np.random.default_rng(0)
X = RANDOM.random((200, 4))
Y = (X[:, 0] > 0.5).astype(int)


class Seen:
    def __init__(self, folder: Path) -> None:
        self.fits: list[Fit] = []
        self.scores: list[Score] = []
        self.estimators = EstimatorSensor(self.fits.append, lambda: folder)
        self.sensor = ScoreSensor(self.estimators, self.scores.append)

    def told(self) -> list[tuple[str, float]]:
        return [(score.metric, score.value) for score in self.scores]


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    made = Seen(tmp_path)
    made.estimators.install()
    made.sensor.install()
    yield made
    made.sensor.uninstall()
    made.estimators.uninstall()


def test_a_metric_of_a_models_answers_belongs_to_its_fit(seen: Seen) -> None:
    first, second = LogisticRegression().fit(X, Y), LogisticRegression(C=9).fit(X, Y)
    value = sklearn.metrics.accuracy_score(Y, second.predict(X))
    area = sklearn.metrics.roc_auc_score(Y, first.predict_proba(X)[:, 1])
    assert seen.told() == [("accuracy_score", value), ("roc_auc_score", area)]
    assert [score.fit for score in seen.scores] == [seen.fits[1].key, seen.fits[0].key]


def test_other_data_gets_a_number_and_the_same_data_does_not(seen: Seen) -> None:
    model = LogisticRegression().fit(X, Y)
    train, test = X[:150], X[150:]
    for _ in range(2):
        sklearn.metrics.accuracy_score(Y[:150], model.predict(train))
        sklearn.metrics.accuracy_score(Y[150:], model.predict(test))
    assert [name for name, _ in seen.told()] == ["accuracy_score", "accuracy_score-2"] * 2


def test_score_of_a_model_is_told_once(seen: Seen) -> None:
    model = LogisticRegression().fit(X, Y)
    value = model.score(X, Y)
    assert seen.told() == [("score", value)]


def test_an_average_is_part_of_the_name(seen: Seen) -> None:
    answers = LogisticRegression().fit(X, Y).predict(X)
    sklearn.metrics.f1_score(Y, answers)
    sklearn.metrics.f1_score(Y, answers, average="macro")
    assert [name for name, _ in seen.told()] == ["f1_score", "f1_score_macro"]


def test_figures_of_other_numbers_are_nobodys(seen: Seen) -> None:
    LogisticRegression().fit(X, Y)
    sklearn.metrics.accuracy_score(Y, 1 - Y)
    assert seen.scores == []


def test_metric_functions_and_scorers_are_pickled_by_name(seen: Seen) -> None:
    wrapped = sklearn.metrics.accuracy_score
    assert pickle.loads(pickle.dumps(wrapped)) is wrapped
    assert b"nbmlops" not in pickle.dumps(sklearn.metrics.make_scorer(wrapped))
    pickle.loads(pickle.dumps(sklearn.metrics.get_scorer("accuracy")))


def test_uninstalling_gives_the_functions_back(tmp_path: Path) -> None:
    before = sklearn.metrics.accuracy_score
    seen = Seen(tmp_path)
    seen.estimators.install()
    seen.sensor.install()
    assert "sklearn.metrics.accuracy_score" in seen.sensor.patched()
    seen.sensor.uninstall()
    seen.estimators.uninstall()
    assert sklearn.metrics.accuracy_score is before
    assert seen.sensor.patched() == []


IN_A_KERNEL = """
import sys
from pathlib import Path
from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.capture.flavors import watch_flavors
from nbmlops.capture.scores import ScoreSensor
fits, scores = [], []
sensor = EstimatorSensor(fits.append, lambda: Path(sys.argv[1]))
sensor.install()
ScoreSensor(sensor, scores.append).install()
watch_flavors(print)
assert not {"sklearn", "numpy", "pandas", "mlflow"} & set(sys.modules)
from sklearn.metrics import accuracy_score
from sklearn.dummy import DummyClassifier
model = DummyClassifier().fit([[0], [1]], [0, 1])
accuracy_score([0, 1], model.predict([[0], [1]]))
assert [fit.estimator for fit in fits] == ["DummyClassifier"], fits
assert [score.metric for score in scores] == ["accuracy_score"], scores
assert "mlflow" not in sys.modules
"""


def test_sensors_wait_for_the_users_import_and_import_nothing_themselves(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", IN_A_KERNEL, str(tmp_path)], check=True)
