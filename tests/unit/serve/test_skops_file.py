from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from nbmlops.serve import skops_file

ALONE = """
import sys
from pathlib import Path
import numpy as np
from nbmlops.serve.skops_file import load_skops

model = load_skops(Path(sys.argv[1]), sys.argv[2:])
assert not [name for name in sys.modules if name.startswith("skops")]
assert "sklearn.cross_decomposition" not in sys.modules
print(model.predict(np.array([[1.0, 2.0], [3.0, 0.0]])).tolist())
import skops.io
assert skops.io.load(sys.argv[1], trusted=sys.argv[2:]).predict(np.array([[1.0, 2.0]])).shape == (1,)
assert len(skops.io._trusted_types.SKLEARN_ESTIMATOR_TYPE_NAMES) > 100
"""
X = np.array([[0.0, 1.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])


def alone(file: Path, *trusted: str) -> subprocess.CompletedProcess[str]:
    """In a process that has not imported skops."""
    command = [sys.executable, "-c", ALONE, str(file), *trusted]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), LinearRegression()).fit(X, X.sum(axis=1)),
        RandomForestClassifier(3, random_state=0).fit(X, [0, 1, 1, 0]),
        GradientBoostingClassifier(n_estimators=3).fit(X, [0, 1, 1, 0]),
    ],
    ids=["linear", "forest", "boosted"],
)
def test_an_estimator_is_read_without_all_others(tmp_path: Path, model: object) -> None:
    skops.io.dump(model, tmp_path / "model.skops")
    done = alone(tmp_path / "model.skops", *skops.io.get_untrusted_types(file=tmp_path / "model.skops"))
    assert done.returncode == 0, done.stderr
    expected = model.predict(np.array([[1.0, 2.0], [3.0, 0.0]])).tolist()  # type: ignore[attr-defined]
    assert [float(each) for each in done.stdout.strip("[]\n").split(",")] == pytest.approx(expected)


def test_what_runs_code_is_refused_as_ever(tmp_path: Path) -> None:
    hostile = make_pipeline(FunctionTransformer(subprocess.getoutput), LinearRegression()).fit
    skops.io.dump(hostile.__self__, tmp_path / "model.skops")
    done = alone(tmp_path / "model.skops")
    assert done.returncode != 0
    assert "UntrustedTypesFoundException" in done.stderr
    assert "subprocess.getoutput" in done.stderr


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("sklearn.linear_model._base.LinearRegression", True),
        ("sklearn.pipeline.Pipeline", True),
        ("sklearn.utils._mocking.ArraySlicingWrapper", False),
        ("sklearn.linear_model._base.no_such", False),
        ("sklearn.no_such.Thing", False),
        ("sklearn.utils.estimator_checks.BaseBadClassifier", False),
        ("sklearn.base.is_classifier", False),
        ("sklearn.linear_model._base.BaseEstimator", False),
        ("os.system", False),
    ],
)
def test_what_counts_as_an_estimator(name: str, is_one: bool) -> None:
    assert skops_file._is_estimator(name) is is_one


def test_every_estimator_of_scikit_learn_counts() -> None:
    assert all(map(skops_file._is_estimator, skops.io._trusted_types.SKLEARN_ESTIMATOR_TYPE_NAMES))
