"""Models of scikit-learn, loaded without MLflow: it takes seconds to import, and most requests do not need it."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from nbmlops.serve.signature import Described

_LOADER = "mlflow.sklearn"


def load_native(folder: Path, about: Described) -> Any:
    """The estimator as it was fitted; None for a model of another kind, which is MLflow's to load.

    Runs what is in a pickle. Raises whatever loading raises.
    """
    sklearn, pyfunc = about.flavors.get("sklearn"), about.flavors.get("python_function") or {}
    if not isinstance(sklearn, dict) or pyfunc.get("loader_module") != _LOADER:
        return None
    file = folder / str(sklearn.get("pickled_model") or "")
    kind = sklearn.get("serialization_format")
    if not file.is_file() or file.parent != folder or kind not in ("pickle", "cloudpickle", "skops"):
        return None
    for code in {pyfunc.get("code"), sklearn.get("code")} - {None, ""}:
        # Modules of the user's own that were logged with it.
        sys.path.insert(0, str(folder / str(code)))
    if kind == "skops":
        import skops.io

        return skops.io.load(file, trusted=sklearn.get("skops_trusted_types"))
    with file.open("rb") as data:
        if kind == "cloudpickle":
            # What it has written names its modules.
            import cloudpickle  # noqa: F401
        return pickle.load(data)
