"""How well a revision does, out of its log and of labels that were told later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbmlops.monitor.labels import read_labels
from nbmlops.monitor.performance import Judged, judged
from nbmlops.monitor.windows import read_windows
from tests.unit.monitor.logs import HOUR, NOON, columns, labels, minute, whole


def logged(folder: Path, truth: list[Any], every: int = 1, **more: Any) -> Judged:
    """Two hours of requests from noon on; labels of every so many of them, ten minutes later."""
    table = columns(len(truth), NOON, 7200, **more)
    whole(folder, table, "1")
    ids, times = table.column("request_id").to_pylist(), table.column("time").to_pylist()
    told = [(ids[k], 0, truth[k], times[k] + timedelta(minutes=10)) for k in range(0, len(truth), every)]
    labels(folder, told)
    reading = read_windows(folder, NOON, minute(130), HOUR)
    return judged(reading.parts, read_labels(folder, NOON))


def test_labels_give_accuracy_by_window_and_slice(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    colour = chance.choice(["red", "white"], 1000)
    truth = chance.choice(["a", "b"], 1000)
    wrong = (colour == "red") & (chance.random(1000) < 0.5)
    said = np.where(wrong, "c", truth)
    found = logged(tmp_path, truth.tolist(), 2, input__colour=colour, input__x=chance.normal(size=1000),
                   output__prediction=said)  # fmt: skip
    whole_ = found.whole
    assert (whole_.rows, whole_.labelled, whole_.task) == (1000, 500, "classification")
    assert whole_.delay == pytest.approx(600)
    accuracy = whole_.metric("accuracy")
    assert accuracy is not None
    assert accuracy.value is not None
    assert accuracy.value == pytest.approx((said == truth)[::2].mean())
    assert accuracy.low is not None
    assert accuracy.low < accuracy.value
    assert [each.labelled for each in found.by_window] == [250, 250]
    assert whole_.slices[0].column == "colour"
    assert whole_.slices[0].value == "red"
    assert found.hits is not None
    assert len(found.hits) == 500
    assert whole_.estimates == ()


def test_probabilities_make_an_estimate_of_rows_without_labels(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    likely = chance.random(2000)
    truth = np.where(chance.random(2000) < likely, "yes", "no")
    found = logged(tmp_path, truth.tolist(), 2, input__x=likely, output__no=1 - likely, output__yes=likely)
    assert found.whole.metric("roc_auc") is not None
    by_name = {each.name: each for each in found.whole.estimates}
    assert set(by_name) == {"accuracy", "precision", "recall", "f1", "roc_auc"}
    right = (truth == np.where(likely >= 0.5, "yes", "no"))[1001::2].mean()
    assert by_name["accuracy"].low <= right <= by_name["accuracy"].high
    assert (by_name["accuracy"].rows, by_name["accuracy"].from_rows) == (500, 1000)


def test_probabilities_without_names_are_those_of_the_sorted_labels(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    likely = chance.random(600)
    truth = np.where(likely > 0.5, "yes", "no")
    found = logged(tmp_path, truth.tolist(), 2, output__0=1 - likely, output__1=likely)
    accuracy = found.whole.metric("accuracy")
    assert accuracy is not None
    assert accuracy.value == 1
    assert found.whole.estimates


def test_one_number_between_nought_and_one_is_the_probability_of_one(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    likely = chance.random(600)
    found = logged(tmp_path, (likely > 0.5).astype(int).tolist(), output__prediction=likely)
    assert found.whole.task == "classification"
    assert found.whole.metric("roc_auc") is not None


def test_numbers_are_a_regression_with_an_expected_error(tmp_path: Path) -> None:
    chance = np.random.default_rng(4)
    x = chance.normal(size=2000)
    truth = 3 * x + chance.normal(0, 0.5, 2000)
    found = logged(tmp_path, truth.tolist(), 2, input__x=x, output__prediction=3 * x)
    assert found.whole.task == "regression"
    mae = found.whole.metric("mae")
    assert mae is not None
    assert mae.value is not None
    (expected,) = found.whole.estimates
    assert expected.method == "dle"
    assert expected.value == pytest.approx(mae.value, rel=0.15)
    assert found.hits is None


@pytest.mark.parametrize(
    ("answers", "truth", "task"),
    [
        ([0, 1, 2] * 50, [0, 1, 1] * 50, "classification"),
        ([True, False] * 75, [1, 0] * 75, "classification"),
        (["1", "2"] * 75, [1, 2] * 75, "classification"),
        (list(range(150)), list(range(150)), "regression"),
        ([1.5] * 150, [1, 2] * 75, "regression"),
    ],
)
def test_what_the_task_is_shows_in_answers_and_labels(
    tmp_path: Path, answers: list[Any], truth: list[Any], task: str
) -> None:
    found = logged(tmp_path, truth, output__prediction=answers)
    assert found.whole.task == task
    assert found.whole.metrics


def test_few_labels_and_answers_of_no_kind_give_no_figures(tmp_path: Path) -> None:
    found = logged(tmp_path / "few", [1] * 100, 10, output__prediction=[1] * 100)
    assert (found.whole.labelled, found.whole.metrics) == (10, ())
    none = logged(tmp_path / "none", [1] * 100, input__x=np.arange(100.0))
    assert none.whole.labelled == 0
    assert none.notes == ("There are labels, and no answers that they can be held against.",)


@pytest.mark.parametrize(("labels", "names"), [((0, 1), ("0", "1")), ((0, 1), ("False", "True")), (("a", "b"), "ab")])
def test_probabilities_beside_labels_are_read_as_services_keep_them(
    tmp_path: Path, labels: tuple[Any, Any], names: tuple[str, str]
) -> None:
    chance = np.random.default_rng(5)
    likely = chance.random(800)
    truth = [labels[int(each)] for each in chance.random(800) < likely]
    answered = [labels[int(each > 0.5)] for each in likely]
    found = logged(tmp_path, truth, 2, output__prediction=answered, **{
        f"output__probability_{names[0]}": (1 - likely).astype(np.float32),
        f"output__probability_{names[1]}": likely.astype(np.float32),
    })  # fmt: skip
    accuracy = found.whole.metric("accuracy")
    assert accuracy is not None
    assert accuracy.value == pytest.approx(np.mean([a == b for a, b in zip(truth, answered, strict=True)][::2]))
    assert found.whole.metric("roc_auc") is not None
    assert [each.name for each in found.whole.estimates] == ["accuracy", "precision", "recall", "f1", "roc_auc"]
