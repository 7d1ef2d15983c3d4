"""Beside a classifier's labels stands how likely it holds each; nothing that goes wrong there costs the log a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from nbmlops.serve.request_log.log import RequestLog, Wanted
from nbmlops.serve.request_log.probabilities import Probabilities
from tests.unit.serve.request_log.test_request_log import entry

CHANCE = np.random.default_rng(0)
ROWS = CHANCE.normal(size=(200, 2))
WORDS = np.where(ROWS.sum(axis=1) > 0, "late", "on time")
MODEL = LogisticRegression().fit(ROWS, WORDS)


def test_labels_of_a_classifier_come_with_their_probabilities(tmp_path: Path) -> None:
    log = RequestLog(Wanted(folder=tmp_path))
    log.probabilities = Probabilities(lambda: MODEL)
    for start in range(0, 30, 3):
        rows = ROWS[start : start + 3]
        log.put(entry(f"r{start}", inputs=rows, outputs=MODEL.predict(rows)))
    log.close()
    (file,) = tmp_path.glob("*.parquet")
    table = pq.read_table(file).to_pandas()
    found = table[["output.probability_late", "output.probability_on time"]].to_numpy()
    assert found == pytest.approx(MODEL.predict_proba(ROWS[:30]), abs=1e-6)
    assert list(table["output.prediction"]) == list(MODEL.predict(ROWS[:30]))


def test_tables_and_arrays_are_asked_about_together_with_their_like() -> None:
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    named = LogisticRegression().fit(frame, WORDS)
    entries = [
        entry("array", inputs=ROWS[:2], outputs=named.predict(frame.iloc[:2])),
        entry("table", inputs=frame.iloc[2:5], outputs=pd.Series(named.predict(frame.iloc[2:5]))),
        entry("more", inputs=ROWS[5:6], outputs=named.predict(frame.iloc[5:6]).tolist()),
        entry("by name", inputs={"a": [1.0], "b": [2.0]}),
    ]
    found = Probabilities(lambda: named).of(entries)
    expected = named.predict_proba(frame)[:, 0]
    for place, rows in ((0, slice(0, 2)), (1, slice(2, 5)), (2, slice(5, 6))):
        assert found[place]["output.probability_late"].to_pylist() == pytest.approx(list(expected[rows]), abs=1e-6)
    assert found[3] == {}


class Broken:
    classes_ = np.array([0, 1])

    def predict_proba(self, rows: Any) -> Any:
        raise RuntimeError("out of order")


@pytest.mark.parametrize("model", [LinearRegression().fit(ROWS, ROWS[:, 0]), Broken(), None])
def test_models_without_probabilities_are_logged_without(tmp_path: Path, model: Any) -> None:
    log = RequestLog(Wanted(folder=tmp_path))
    log.probabilities = Probabilities(lambda: model)
    log.put(entry("one"))
    log.close()
    assert (log.kept, log.lost) == (1, 0)
    (file,) = tmp_path.glob("*.parquet")
    assert not [name for name in pq.read_schema(file).names if "probability" in name]


def test_a_redacted_answer_has_no_probabilities_either(tmp_path: Path) -> None:
    log = RequestLog(Wanted(folder=tmp_path, redacted=frozenset({"prediction"})))
    log.probabilities = Probabilities(lambda: MODEL)
    log.put(entry("one", inputs=ROWS[:2], outputs=MODEL.predict(ROWS[:2])))
    log.close()
    (file,) = tmp_path.glob("*.parquet")
    assert not [name for name in pq.read_schema(file).names if "probability" in name]


def test_probabilities_of_other_answers_are_not_kept() -> None:
    entries = [entry("one", inputs=ROWS[:50], outputs=np.array(["returned"] * 50))]
    assert Probabilities(lambda: MODEL).of(entries) == [{}]
