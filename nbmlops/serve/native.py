"""Models that are loaded without MLflow: it takes seconds to import, and most requests do not need it.

scikit-learn's in a pickle or with skops, LightGBM's and XGBoost's in their own files.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nbmlops.serve.signature import Described
from nbmlops.serve.skops_file import load_skops

_PICKLED = ("pickle", "cloudpickle", "skops")


def load_native(folder: Path, about: Described) -> Any:
    """The estimator as it was fitted; None for a model of another kind, which is MLflow's to load.

    Runs what is in a pickle. Raises whatever loading raises.
    """
    pyfunc = about.flavors.get("python_function") or {}
    loader = str(pyfunc.get("loader_module") or "")
    name = loader.removeprefix("mlflow.")
    flavor = about.flavors.get(name)
    load = _LOADERS.get(loader)
    if load is None or not isinstance(flavor, dict):
        return None
    file = folder / str(flavor.get("pickled_model") or flavor.get("data") or "")
    if not file.is_file() or file.parent != folder:
        return None
    for code in {pyfunc.get("code"), flavor.get("code")} - {None, ""}:
        # Modules of the user's own that were logged with it.
        sys.path.insert(0, str(folder / str(code)))
    return load(file, flavor)


def is_compilable(about: Described) -> bool:
    """Of a library whose models may be compiled."""
    return (about.flavors.get("python_function") or {}).get("loader_module") == "mlflow.sklearn"


def _sklearn(file: Path, flavor: Mapping[str, Any]) -> Any:
    kind = flavor.get("serialization_format")
    if kind not in _PICKLED:
        return None
    if kind == "skops":
        return load_skops(file, flavor.get("skops_trusted_types"))
    with file.open("rb") as data:
        if kind == "cloudpickle":
            # What it has written names its modules.
            import cloudpickle  # noqa: F401
        return pickle.load(data)


def _lightgbm(file: Path, flavor: Mapping[str, Any]) -> Any:
    if flavor.get("model_class", "lightgbm.basic.Booster") == "lightgbm.basic.Booster":
        from lightgbm import Booster

        return Booster(model_file=str(file))
    return _sklearn(file, {"serialization_format": "cloudpickle", **flavor})


def _xgboost(file: Path, flavor: Mapping[str, Any]) -> Any:
    module, _, name = str(flavor.get("model_class", "xgboost.core.Booster")).rpartition(".")
    if module.partition(".")[0] != "xgboost":
        return None
    made = getattr(importlib.import_module(module), name)()
    made.load_model(str(file))
    return OfXgboost(made)


class OfXgboost:
    """A model of XGBoost's, asked as MLflow asks it: a booster takes a matrix of its own, and all take parameters."""

    def __init__(self, raw: Any) -> None:
        from xgboost import Booster, DMatrix

        self.raw = raw
        self._matrix: Callable[[Any], Any] | None = DMatrix if isinstance(raw, Booster) else None
        self._known = inspect.signature(raw.predict).parameters
        self._takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in self._known.values())

    def predict(self, data: Any, **params: Any) -> Any:
        known = params if self._takes_all else {name: params[name] for name in params if name in self._known}
        return self.raw.predict(self._matrix(data) if self._matrix is not None else data, **known)


_LOADERS: dict[str, Callable[[Path, Mapping[str, Any]], Any]] = {
    "mlflow.sklearn": _sklearn,
    "mlflow.lightgbm": _lightgbm,
    "mlflow.xgboost": _xgboost,
}
