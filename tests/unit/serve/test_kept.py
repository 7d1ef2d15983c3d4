"""What was compiled once is there at the next start, and is never something else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from nbmlops.lib.user_folder import user_cache
from nbmlops.serve.app import service
from nbmlops.serve.compiled import kept
from nbmlops.serve.compiled.pipeline import compiled
from nbmlops.serve.model import load_model
from nbmlops.serve.slot import Slot
from tests.unit.serve.test_compiled import LABELS, NUMBERS, STEPS, quick_of, table

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = ["a", "b", "c"]
ALONE = """
import asyncio, sys
from pathlib import Path
import numpy as np
from nbmlops.serve.model import load_model
model = load_model(Path(sys.argv[1]), "sums")
print(asyncio.run(model.score(np.array([[1.0, 2.0, 3.0]]))).tolist())
print(sorted({"sklearn", "scipy", "pandas", "skops", "mlflow"} & set(sys.modules)))
"""


def saved(folder: Path, **more: Any) -> Path:
    from sklearn.linear_model import LinearRegression

    x = pd.DataFrame(table(0), columns=NAMES)
    model = LinearRegression().fit(x, x.sum(axis=1))
    mlflow.sklearn.save_model(
        model, str(folder), signature=mlflow.models.infer_signature(x, model.predict(x)), input_example=x.head(3),
        pip_requirements=["scikit-learn"], **more,
    )  # fmt: skip
    return folder


def files() -> list[Path]:
    return sorted((user_cache() / "compiled").glob("*"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


CASES = [
    *(((), model, "numbers", 0) for model in NUMBERS),
    *(((), model, kind, 0) for model in LABELS for kind in ("two", "three", "texts")),
    *(((step,), "ridge", "numbers", 1) for step in STEPS),
    (("standard", "minmax", "zero"), "forest class", "texts", 1),
]


@pytest.mark.parametrize("asked", CASES, ids=str)
def test_it_gives_the_same_to_the_last_bit(asked: Any) -> None:
    quick = quick_of(*asked)
    kept.write("key", quick, ends=True)
    found = kept.read("key")
    assert found is not None
    assert found.ends
    for rows in (quick.probes(), table(3), table(3)[:1]):
        expected, actual = quick(rows), found.quick(rows)
        assert expected.dtype == actual.dtype
        assert np.array_equal(expected, actual)
    gap = np.array([[1.0, np.nan, 2.0]])
    assert found.quick(gap) is None
    assert not found.quick.takes(gap)


def test_labels_that_are_objects_are_not_kept() -> None:
    from sklearn.linear_model import LogisticRegression

    x = table(0)
    quick = compiled(LogisticRegression().fit(x, np.array(["red", "white"], dtype=object)[(x[:, 0] > 0).astype(int)]))
    if quick is not None:
        kept.write("objects", quick, ends=True)
    assert kept.read("objects") is None


def test_at_the_next_start_nothing_of_scikit_learn_is_imported(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")

    def started() -> list[str]:
        done = subprocess.run([sys.executable, "-c", ALONE, str(folder)], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    first, second = started(), started()
    assert "sklearn" in first[1]
    assert float(first[0].strip("[]")) == pytest.approx(6.0)
    assert first[0] == second[0]
    assert second[1] == "[]"


def test_rows_that_it_does_not_take_load_the_model_then(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    load_model(folder, "sums")
    model = load_model(folder, "sums")
    assert model.estimator is not None
    assert model.estimator.fitted is not None
    with TestClient(service(Slot("sums", model), token="")) as client:

        def ask(*row: float | None) -> Any:
            split = {"columns": NAMES, "data": [row]}
            return client.post("/invocations", json={"dataframe_split": split})

        assert ask(1, 2, 3).json()["predictions"] == pytest.approx([6.0])
        assert not model.estimator.fitted.is_loaded
        assert ask(1e200, 1e200, 1).json()["predictions"] == pytest.approx([2e200])
        assert model.estimator.fitted.is_loaded
        assert ask(1, 2, None).status_code == 400
        assert ask(1, 2, 3).json()["predictions"] == pytest.approx([6.0])


def test_it_is_asked_with_arrays_as_it_was_before(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    load_model(folder, "sums")
    with warnings.catch_warnings():
        # As in a process that has loaded no other model.
        warnings.filterwarnings("error", message="X does not have")
        model = load_model(folder, "sums")
        assert model.estimator is not None
        assert list(model.estimator.score(np.array([[1e200, 1e200, 1.0]]))) == pytest.approx([2e200])


def test_others_are_answered_while_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path / "model")
    load_model(folder, "sums")
    model = load_model(folder, "sums")
    assert model.estimator is not None
    fitted = model.estimator.fitted
    assert fitted is not None
    load, begun, may_end = fitted._load, threading.Event(), threading.Event()

    def slowly() -> Any:
        begun.set()
        assert may_end.wait(60)
        return load()

    monkeypatch.setattr(fitted, "_load", slowly)
    far, near = ({"columns": NAMES, "data": [row]} for row in ([1e200, 1e200, 1], [1, 2, 3]))
    with TestClient(service(Slot("sums", model), token="")) as client, ThreadPoolExecutor(1) as beside:
        late = beside.submit(client.post, "/invocations", json={"dataframe_split": far})
        assert begun.wait(60)
        assert client.get("/healthz/ready").status_code == 200
        assert client.post("/invocations", json={"dataframe_split": near}).json()["predictions"] == pytest.approx([6.0])
        assert not late.done()
        may_end.set()
        assert late.result(60).json()["predictions"] == pytest.approx([2e200])


def test_another_model_has_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path / "model")
    key = kept.key_of(folder)
    assert key == kept.key_of(folder)
    file = folder / "model.skops"
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert kept.key_of(folder) != key
    file.write_bytes(data)
    assert kept.key_of(folder) == key
    monkeypatch.setattr(kept, "_version", lambda name: "0")
    assert kept.key_of(folder) != key
    monkeypatch.undo()
    monkeypatch.setattr(kept, "_MOST_BYTES", 10)
    assert kept.key_of(folder) == ""


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "text", "pickle", "layout"])
def test_what_cannot_be_read_is_as_if_it_were_not_there(tmp_path: Path, damage: str) -> None:
    folder = saved(tmp_path / "model")
    load_model(folder, "sums")
    (path,) = files()
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "empty":
            path.write_bytes(b"")
        case "flipped":
            path.write_bytes(data[:200] + bytes(each ^ 255 for each in data[200:260]) + data[260:])
        case "text":
            path.write_bytes(b"about")
        case "pickle":
            np.savez(path, about=np.array([print], dtype=object), allow_pickle=True)
        case "layout":
            with np.load(path) as file:
                arrays = dict(file)
            about = arrays["about"].tobytes().replace(b'"layout":1', b'"layout":9')
            np.savez(path, **{**arrays, "about": np.frombuffer(about, dtype=np.uint8)})
    model = load_model(folder, "sums")
    assert model.estimator is not None
    assert model.estimator.fitted is None, "it was compiled anew"
    assert kept.read(path.stem) is not None, "and kept"


def test_a_file_in_the_place_of_the_cache_is_none(tmp_path: Path, cache: Path) -> None:
    cache.write_text("in the way")
    assert load_model(saved(tmp_path / "model"), "sums").estimator is not None


def test_the_least_used_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST_KEPT", 3)
    quick = quick_of((), "ridge", "numbers", 0)
    for number in range(5):
        kept.write(f"k{number}", quick, ends=True)
        os.utime(user_cache() / "compiled" / f"k{number}.npz", (number, number))
    assert [path.stem for path in files()] == ["k2", "k3", "k4"]
