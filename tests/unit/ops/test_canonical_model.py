"""Two runs that fit the same model share its layer; what MLflow needs to load it is still there."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow.models import infer_signature
from sklearn.linear_model import Ridge

from nbmlops import api
from nbmlops.ops.canonical_model import make_canonical
from nbmlops.ops.session import Session
from nbmlops.project import Project

# MLflow's own warnings, at its import and at each pickle.
pytestmark = pytest.mark.filterwarnings("ignore")

TABLE = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.5, 0.1, 0.7]})
FIT = """
import pandas
from sklearn.linear_model import Ridge
table = pandas.read_csv("data.csv")
model = Ridge(alpha=2).fit(table[["a"]], table.b)
"""


def saved(place: Path, *, alpha: float = 1.0, form: str = "cloudpickle") -> Path:
    model = Ridge(alpha=alpha).fit(TABLE, [1.0, 2.0, 4.0])
    mlflow.sklearn.save_model(
        model,
        place,
        signature=infer_signature(TABLE, model.predict(TABLE)),
        input_example=TABLE.head(2),
        pip_requirements=["scikit-learn"],
        metadata={"team": "red", "since": "2026-01-01"},
        serialization_format=form,
    )
    # As `log_model` leaves it, which knows a run.
    path = place / "MLmodel"
    of_the_run = {"run_id": place.name, "model_id": f"m-{place.name}", "artifact_path": str(place)}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **of_the_run}))
    return place


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", ["cloudpickle", "skops"])
def test_two_saves_of_one_model_are_the_same_bytes(form: str, tmp_path: Path) -> None:
    one, other = saved(tmp_path / "one", form=form), saved(tmp_path / "other", form=form)
    assert content(one) != content(other)
    for folder in (one, other):
        make_canonical(folder)
    assert content(one) == content(other)
    before = content(one)
    make_canonical(one)
    assert content(one) == before


def test_another_model_has_another_identity(tmp_path: Path) -> None:
    one, other = saved(tmp_path / "one"), saved(tmp_path / "other", alpha=9.0)
    again = Path(shutil.copytree(one, tmp_path / "again"))
    (again / "requirements.txt").write_text("scikit-learn==0\n")
    ids = set()
    for folder in (one, other, again):
        make_canonical(folder)
        ids.add(yaml.safe_load((folder / "MLmodel").read_text())["model_uuid"])
    assert len(ids) == 3
    assert {len(each) for each in ids} == {32}


@pytest.mark.parametrize("form", ["cloudpickle", "skops"])
def test_it_loads_as_before_with_its_signature_and_example(form: str, tmp_path: Path) -> None:
    folder = saved(tmp_path / "one", form=form)
    expected = mlflow.sklearn.load_model(str(folder)).predict(TABLE)
    known = mlflow.models.Model.load(str(folder))
    make_canonical(folder)
    loaded = mlflow.pyfunc.load_model(str(folder))
    assert np.array_equal(loaded.predict(TABLE), expected)
    assert np.array_equal(mlflow.sklearn.load_model(str(folder)).predict(TABLE), expected)
    found = mlflow.models.Model.load(str(folder))
    assert found.signature == known.signature
    assert found.metadata == known.metadata
    assert found.flavors == known.flavors
    example = found.load_input_example(str(folder))
    pd.testing.assert_frame_equal(example, TABLE.head(2))
    assert (found.run_id, found.model_id, found.artifact_path) == (None, None, None)
    assert found.utc_time_created == mlflow.models.Model.load(str(folder)).utc_time_created


@pytest.mark.parametrize("text", ["", "- a\n- list\n", "flavors: [\n", "\x00", None])
def test_what_is_no_mlmodel_stays_as_it_is(text: str | None, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("x")
    if text is not None:
        (tmp_path / "MLmodel").write_text(text)
    before = content(tmp_path)
    make_canonical(tmp_path)
    assert content(tmp_path) == before


def test_a_file_that_is_no_skops_whatever_its_name_stays_as_it_is(tmp_path: Path) -> None:
    folder = saved(tmp_path / "one")
    (folder / "notes.skops").write_text("none")
    make_canonical(folder)
    assert (folder / "notes.skops").read_text() == "none"


def packed(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Path -> digest of each layer of what a cell of a new project there has left."""
    project = Project.init(root)
    (root / "data.csv").write_text("a,b\n1,2\n2,3\n3,5\n")
    (root / "wine.ipynb").write_text("{}")
    (root / "README.md").write_text("# Wines\n")
    monkeypatch.chdir(root)
    session = Session(project, notebook=root / "wine.ipynb", namespace={})
    session.sensors.install()
    try:
        session.before_cell(FIT, FIT, "c1")
        exec(FIT, {})
        session.after_cell(None, 1)
        session.scribe.flush(60.0)
    finally:
        session.close(60.0)
    logged = next(project.layout.artifacts.rglob("MLmodel"))
    before = content(logged.parent)
    result = api.pack(folder=root, tag=f"{root.name}:v1")
    assert content(logged.parent) == before
    return {layer.path: layer.digest for layer in result.package.layers}


def test_the_same_notebook_in_two_places_gives_the_same_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    one = packed(tmp_path / "one", monkeypatch)
    other = packed(tmp_path / "further" / "down" / "other", monkeypatch)
    told = {"MODEL_CARD.md", "provenance.json", "bom.json", "run.zip"}
    assert {path: digest for path, digest in one.items() if path not in told} == {
        path: digest for path, digest in other.items() if path not in told
    }
    assert {"model", "data.csv", "wine.ipynb", "README.md", *told} <= set(one)
