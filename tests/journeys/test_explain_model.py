"""Somebody asks at a terminal why a model answers as it does: over all rows, for some, and with what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests import isolation
from tests.journeys.conftest import Terminal, one_line
from tests.unit.ops.fitted import with_models


@pytest.fixture(scope="module")
def wines(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    root = tmp_path_factory.mktemp("explain") / "wines"
    with pytest.MonkeyPatch.context() as patch:
        isolation.apply(patch, variables)
        with_models(root).database.close()
    return root


@pytest.fixture
def there(wines: Path, variables: dict[str, str]) -> Terminal:
    return Terminal(wines, variables)


def test_from_the_champion_to_one_bottle(there: Terminal) -> None:
    there.good("promote", "good", "champion")
    words = ("explain", "models:/wine@champion", "--data", "data/wine.csv", "--method", "light")
    whole = there.nbmlops(*words, "-o", "reports/why.html")
    assert whole.returncode == 0, whole.stderr
    assert "How much worse accuracy" in whole.stdout
    assert "proline" in whole.stdout
    assert "(least sure)" in whole.stdout
    assert "Recorded as run" in whole.stdout
    report = (there.folder / "reports" / "why.html").read_text()
    assert report.startswith("<!doctype html>")
    assert "<script" not in report
    one = there.good(*words, "--row", "5", "--of", "2", "--group", "hue,color_intensity", "--no-track")
    (row,) = one["explained"]
    (first, *_) = row["outcomes"]
    assert (row["row"], first["of"]) == (5, "2")
    assert first["base"] + sum(part["amount"] for part in first["parts"]) == pytest.approx(first["answer"])
    assert "color_intensity + hue" in {part["name"] for part in first["parts"]}
    runs = there.good("runs", "--filter", "tags.nbmlops.kind = explanation")["runs"]
    assert [(run["experiment"], run["name"]) for run in runs] == [("wine", "explain-good")]
    shown = there.good("show", runs[0]["id"])
    assert shown["run"]["params"]["metric"] == "accuracy"


def test_a_notebook_is_explained_as_before(there: Terminal) -> None:
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (there.folder / "small.ipynb").write_text(json.dumps(notebook))
    found = there.good("explain", "small.ipynb")
    assert [each["id"] for each in found["cells"]] == ["a"]


def test_what_does_not_fit_is_one_line_and_leaves_nothing(there: Terminal) -> None:
    table = pd.read_csv(there.folder / "data" / "wine.csv")
    table.drop(columns="hue").to_csv(there.folder / "lacking.csv", index=False)
    before = there.good("runs", "--limit", "100")["total"]
    for words, code, told in (
        (("-d", "lacking.csv"), 2, "lacking.csv lacks hue"),
        (("-d", "absent.csv"), 3, "There is no file"),
        (("-d", "data/wine.csv", "--row", "1000"), 2, "They are numbered from 1 to 89"),
        (("--row", "3"), 2, "--row is about a model, and no data are named"),
    ):
        done = there.nbmlops("explain", "good", *words)
        assert done.returncode == code, done.stderr
        assert told in one_line(done)
    assert there.good("runs", "--limit", "100")["total"] == before
