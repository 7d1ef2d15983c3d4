"""Models to serve: a table's, an array's, and one that fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from nbmlops.serve.limits import Limits
from nbmlops.serve.long_way import LongWay
from nbmlops.serve.model import ServedModel
from nbmlops.serve.signature import describe
from nbmlops.serve.threads import Threads
from nbmlops.serve.words import failed

COLUMNS = ("alcohol", "ash")


class Sum(LongWay):
    """Stands where MLflow's way does: the service's own part is tried with it, MLflow's in test_estimator.py."""

    def __init__(self) -> None:
        super().__init__(Path())
        self._pyfunc = self

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        table = pd.DataFrame(data)
        if (table.to_numpy() == -999).any():
            error = RuntimeError("the tree fell over")
            raise failed(error) from error
        found = table.sum(axis=1).to_numpy() * float((params or {}).get("times", 1))
        return pd.DataFrame({"sum": found, "half": found / 2}) if (params or {}).get("wide") else found

    class metadata:
        @staticmethod
        def get_input_schema() -> None:
            return None


def mlmodel(folder: Path, **signature: Any) -> Path:
    """A folder with an MLmodel file."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "flavors": {"python_function": {"loader_module": "none"}, "sklearn": {}},
        "model_uuid": "m-1",
        "signature": {name: json.dumps(fields) for name, fields in signature.items()},
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    return folder


def columns(*names: str, kind: str = "double") -> list[dict[str, Any]]:
    return [{"name": name, "type": kind, "required": True} for name in names]


def tensor(dtype: str, *shape: int) -> list[dict[str, Any]]:
    return [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": list(shape)}}]


def served(folder: Path, limits: Limits | None = None, **parts: Any) -> ServedModel:
    about = describe(mlmodel(folder, inputs=columns(*COLUMNS), outputs=tensor("float64", -1)))
    limits = limits or Limits()
    standing = {"signature": about.signature, "long_way": Sum(), "threads": Threads(limits), "limits": limits}
    return ServedModel(name="wine", version=about.version, platform=about.platform, **{**standing, **parts})
