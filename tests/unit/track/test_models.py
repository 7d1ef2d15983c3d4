"""Models as MLflow has them, logged without its second looks."""

from __future__ import annotations

import pickle
from pathlib import Path

import mlflow
import mlflow.models.utils
import numpy as np
import pytest
from mlflow.utils import environment
from sklearn.linear_model import LinearRegression

from nbmlops.project import Project
from nbmlops.track.models import log_model
from nbmlops.track.writer import Writer

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
INPUTS = np.arange(12.0).reshape(6, 2)
FITTED = LinearRegression().fit(INPUTS, INPUTS.sum(axis=1))


class Mute:
    """A model that does not answer."""

    def predict(self, inputs: object) -> object:
        raise ValueError("not today")


@pytest.fixture
def writer(project: Project) -> Writer:
    return Writer(project.prepare_tracking(), project.root)


def logged(writer: Writer, model: object, folder: Path) -> str:
    """Its address in MLflow."""
    run = writer.open_run("fit", "sums", tags={}, params={})
    (folder / "model").write_bytes(pickle.dumps(model))
    (folder / "sample").write_bytes(pickle.dumps((INPUTS[:2], INPUTS[:2].sum(axis=1))))
    found = log_model(writer, run, folder / "model", sample_path=folder / "sample", modules=("sklearn",))
    return f"models:/{found}"


def test_it_is_a_whole_model_to_mlflow(writer: Writer, tmp_path: Path) -> None:
    loaded = mlflow.pyfunc.load_model(logged(writer, FITTED, tmp_path))
    np.testing.assert_allclose(loaded.predict(INPUTS), INPUTS.sum(axis=1))
    assert loaded.metadata.signature.inputs.input_types()
    assert loaded.metadata.load_input_example().shape == (2, 2)
    required = mlflow.pyfunc.get_model_dependencies(logged(writer, FITTED, tmp_path))
    assert any(line.startswith("scikit-learn==") for line in Path(required).read_text().splitlines())


def test_one_that_does_not_answer_is_kept_all_the_same(writer: Writer, tmp_path: Path) -> None:
    loaded = mlflow.sklearn.load_model(logged(writer, Mute(), tmp_path))
    with pytest.raises(ValueError, match="not today"):
        loaded.predict(INPUTS)


def test_mlflows_own_looks_are_its_own_again(writer: Writer, tmp_path: Path) -> None:
    def looks() -> tuple[object, object]:
        return environment.warn_dependency_requirement_mismatches, mlflow.models.utils._validate_serving_input

    before = looks()
    logged(writer, FITTED, tmp_path)
    (tmp_path / "model").write_bytes(b"no pickle")
    with pytest.raises(pickle.UnpicklingError):
        log_model(writer, writer.open_run("bad", "sums", tags={}, params={}), tmp_path / "model")
    assert looks() == before
