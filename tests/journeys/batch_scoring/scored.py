"""Rows to score, and what MLflow's own loop makes of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tests.journeys.conftest import Terminal


def wines(count: int = 1000, seed: int = 1) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    found = pd.DataFrame(chance.normal(size=(count, 3)), columns=["hue", "alcohol", "ash"])
    found.insert(0, "id", np.arange(count))
    return found


def trips(count: int = 400) -> pd.DataFrame:
    chance = np.random.default_rng(2)
    return pd.DataFrame(
        {"port": chance.choice(["Cork", "NA", "Oslo"], count), "age": chance.integers(1, 80, count),
         "fare": chance.uniform(1, 90, count).round(2), "note": [f"a, {n}\n{n}" for n in range(count)]}
    )  # fmt: skip


def expected(terminal: Terminal, name: str, table: pd.DataFrame) -> np.ndarray[Any, Any]:
    """What MLflow's own loop gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc

        model = mlflow.pyfunc.load_model(str(terminal.folder / name / "model"))
        answers: np.ndarray[Any, Any] = model.predict(table[list(model.metadata.get_input_schema().input_names())])
    return answers


def batch(terminal: Terminal, *words: str, **variables: str) -> dict[str, Any]:
    answer: dict[str, Any] = terminal.good("batch", *words, "--no-track", **variables)
    return answer
