"""A model that takes rows as they come: cells of a notebook make of them what another model was fitted with.

It lies in the code of such a model, and MLflow loads it: so it imports nothing of nbmlops.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

ABOUT, CODE, VALUES, MODEL = "transform.json", "transform.py", "values.pkl", "estimator"


class Transform:
    """The cells' code, the values that it takes from earlier steps, and the names of what goes in and comes out."""

    def __init__(self, code: str, values: bytes, table: str, result: str) -> None:
        self._code = compile(code, CODE, "exec")
        self.values: dict[str, Any] = pickle.loads(values)
        self._table = table
        self._result = result

    def __call__(self, rows: Any) -> Any:
        """Whatever the code raises. All of it runs anew for each request, in names of its own."""
        names = {**self.values, self._table: rows.copy(), "__name__": "transform"}
        exec(self._code, names)
        return names[self._result]


class RawRows:
    def __init__(self, transform: Transform, model: Any) -> None:
        self._transform = transform
        self._model = model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        return self._model.predict(self._transform(data), params=params)


def read(folder: Path) -> Transform:
    about = json.loads((folder / ABOUT).read_text("utf-8"))
    code, values = (folder / CODE).read_text("utf-8"), (folder / VALUES).read_bytes()
    return Transform(code, values, about["table"], about["result"])


def _load_pyfunc(path: str) -> RawRows:
    """What MLflow calls."""
    import mlflow.pyfunc

    folder = Path(path)
    return RawRows(read(folder), mlflow.pyfunc.load_model(str(folder / MODEL)))
