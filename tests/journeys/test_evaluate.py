"""Somebody judges models at a terminal: two of wine, two of diabetes, a gate, a champion, data that do not fit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests import isolation
from tests.journeys.conftest import Terminal, one_line
from tests.unit.ops.fitted import with_models

GATE = """
metrics:
  accuracy: {min: 0.9}
  log_loss: {max: 0.4}
against:
  accuracy: {min_change: 0.0, confidence: 0.95}
slices: {max_loss: 0.1}
size_mb: {max: 100}
"""


@pytest.fixture(scope="module")
def wines(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    root = tmp_path_factory.mktemp("evaluate") / "wines"
    with pytest.MonkeyPatch.context() as patch:
        isolation.apply(patch, variables)
        with_models(root).database.close()
    (root / "gate.yaml").write_text(GATE)
    return root


@pytest.fixture
def there(wines: Path, variables: dict[str, str]) -> Terminal:
    return Terminal(wines, variables)


def test_from_the_first_champion_to_the_next_try(there: Terminal) -> None:
    words = ("--data", "data/wine.csv", "--against", "champion", "--gate", "gate.yaml", "--promote", "champion")
    weak = there.nbmlops("evaluate", "stump", *words)
    assert weak.returncode == 1, weak.stderr
    assert "not kept: accuracy is 0." in weak.stdout
    assert "The gate is not passed." in weak.stdout
    good = there.nbmlops("evaluate", "good", *words, "-o", "reports/good.html")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "models:/wine@champion is version 1 now." in good.stdout
    assert "Slices, the worst first" in good.stdout
    assert (there.folder / "reports" / "good.html").read_text().startswith("<!doctype html>")
    again = there.nbmlops("evaluate", "stump", *words)
    assert again.returncode == 1
    assert "worse by" in again.stdout
    champion = there.good("evaluate", "models:/wine@champion", "--data", "data/wine.csv", "--no-track")
    assert champion["model"]["run"] == there.good("show", "good")["run"]["id"]
    tried = there.good("runs", "--filter", "tags.nbmlops.kind = evaluate")
    assert [run["tags"]["nbmlops.gate"] for run in tried["runs"]] == ["failed", "passed", "failed"]
    assert {run["experiment"] for run in tried["runs"]} == {"wine"}


def test_a_regression(there: Terminal) -> None:
    found = there.good(
        "evaluate", "ridge", "-d", "data/diabetes.csv", "--against", "mean", "--slice", "sex", "--no-track"
    )
    metrics = {each["name"]: each for each in found["metrics"]}
    assert metrics["mae"]["difference_high"] < 0
    assert metrics["r2"]["low"] < metrics["r2"]["value"] < metrics["r2"]["high"]
    assert {each["column"] for each in found["slices"]} == {"sex"}
    assert found["residuals"]["points"]


def test_bad_data_and_gates_are_one_line_and_leave_nothing(there: Terminal) -> None:
    table = pd.read_csv(there.folder / "data" / "wine.csv")
    table.drop(columns="hue").to_csv(there.folder / "lacking.csv", index=False)
    table.assign(hue="blue").to_csv(there.folder / "text.csv", index=False)
    table.head(0).to_csv(there.folder / "empty.csv", index=False)
    table.assign(bottle=1).to_csv(there.folder / "unclear.csv", index=False)
    (there.folder / "odd.yaml").write_text("metrics:\n  acuracy: {min: 0.9}\n")
    before = there.good("runs", "--limit", "100")["total"]
    for words, code, told in (
        (("-d", "lacking.csv"), 2, "lacking.csv lacks hue"),
        (("-d", "text.csv"), 2, "Column hue of text.csv holds other things than numbers"),
        (("-d", "empty.csv"), 2, "empty.csv has no rows"),
        (("-d", "unclear.csv"), 2, "it may be target, bottle"),
        (("-d", "absent.csv"), 3, "There is no file"),
        (
            ("-d", "data/wine.csv", "--gate", "odd.yaml"),
            2,
            "odd.yaml:2: there is no metric 'acuracy'; do you mean accuracy?",
        ),
        ((), 2, "On which data is not said"),
    ):
        done = there.nbmlops("evaluate", "good", *words)
        assert done.returncode == code, done.stderr
        assert told in one_line(done)
    assert there.good("runs", "--limit", "100")["total"] == before
