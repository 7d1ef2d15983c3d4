"""Somebody trains a model, and asks later whether the world still looks as it did then."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from tests.journeys.conftest import Terminal, one_line, write

TRAINING = """
# %%
%load_ext nbmlops
# %%
import pandas as pd
from sklearn.ensemble import RandomForestRegressor

patients = pd.read_csv("patients.csv")
# %%
%%mlops run trained
model = RandomForestRegressor(20, random_state=0).fit(patients.drop(columns="target"), patients["target"])
"""


@pytest.fixture
def there(terminal: Terminal) -> Terminal:
    """Half of the patients of scikit-learn's diabetes data, the other half, and the women and the men among them."""
    table = load_diabetes(as_frame=True, scaled=False).frame.sample(frac=1, random_state=4)
    table.iloc[::2].to_csv(terminal.folder / "patients.csv", index=False)
    table.iloc[1::2].to_csv(terminal.folder / "others.csv", index=False)
    for sex, name in ((1, "first"), (2, "second")):
        table[table.sex == sex].drop(columns="sex").to_csv(terminal.folder / f"{name}.csv", index=False)
    return terminal


def names(found: dict[str, list[dict[str, str]]]) -> set[str]:
    return {each["name"] for each in found["columns"] if each["verdict"] == "drifted"}


def test_a_model_remembers_what_it_was_trained_on(there: Terminal) -> None:
    notebook = write(there.folder, "training.ipynb", TRAINING)
    done = there.papermill(notebook.name, "executed.ipynb")
    assert done.returncode == 0, done.stderr
    kept = there.good("profile", "trained")
    assert kept["profile"]["rows"] == 221
    inputs = pd.read_csv(there.folder / "patients.csv").columns.drop("target")
    assert [each["name"] for each in kept["profile"]["columns"]] == list(inputs)
    assert [each["name"] for each in kept["outputs"]["columns"]] == ["prediction"]
    assert names(there.good("drift", "trained", "others.csv")) == set()
    table = pd.read_csv(there.folder / "others.csv")
    table.assign(bmi=table.bmi + 6).to_csv(there.folder / "heavier.csv", index=False)
    checked = there.nbmlops("drift", "trained", "heavier.csv", "--check", "-o", "drift.html")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "1 of 11 columns have drifted." in checked.stdout
    report = (there.folder / "drift.html").read_text()
    assert report.startswith("<!doctype html>")
    assert "<script" not in report
    there.good("explain", "trained", "--data", "patients.csv", "--method", "light")
    weighed = there.good("drift", "trained", "heavier.csv")
    importance = {each["name"]: each["importance"] for each in weighed["columns"]}
    assert weighed["weighted"] == pytest.approx(importance["bmi"])
    assert importance["bmi"] > 0.2
    packed = there.good("pack", "trained", "-t", "patients:v1")
    assert packed["references"] == ["patients:v1"]
    assert there.good("profile", "patients:v1", "-o", "kept.json")["profile"] == kept["profile"]
    assert names(there.good("drift", "kept.json", "heavier.csv")) == {"bmi"}


def test_real_drift_is_found_and_halves_of_one_table_are_alike(there: Terminal) -> None:
    """Split by chance and split by sex: scikit-learn's diabetes data."""
    assert names(there.good("drift", "patients.csv", "others.csv")) == set()
    found = there.good("drift", "first.csv", "second.csv", "--together")
    assert {"s3", "s4", "bp"} <= names(found)
    assert found["columns"][0]["name"] in {"s3", "s4", "bp"}
    assert next(each for each in found["together"] if each["name"] == "domain_classifier")["value"] > 0.7


def test_what_is_no_table_is_one_line(there: Terminal) -> None:
    Path(there.folder / "empty.csv").write_text("")
    (there.folder / "odd.json").write_text('{"a": 1}')
    for words, told in (
        (("drift", "patients.csv", "absent.csv"), "absent.csv is no table here"),
        (("drift", "patients.csv", "empty.csv"), "empty.csv is empty"),
        (("profile", "odd.json"), "odd.json is no profile"),
        (("profile", "nobody"), "nobody is no table here"),
        (("drift", "patients.csv", "others.csv", "-c", "weight"), "has no column 'weight'"),
    ):
        done = there.nbmlops(*words)
        assert done.returncode != 0
        assert told in one_line(done), words
