"""Other libraries than scikit-learn: MLflow's own autologging, switched on when the user imports one.

    cancel = watch_flavors(switch_on)      # switch_on("xgboost") after `import xgboost`

Which library belongs to which of MLflow's flavours is this table. MLflow itself is imported by the callable,
in the kernel, and only for somebody who uses such a library.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from types import ModuleType

from nbmlops.lib.importing import after_import

FLAVORS = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "statsmodels.base.model": "statsmodels",
    "keras": "keras",
    "tensorflow": "tensorflow",
    "pytorch_lightning": "pytorch",
    "lightning": "pytorch",
    "pyspark.ml": "pyspark.ml",
    "paddle": "paddle",
    "transformers": "transformers",
}
"""Module that the user imports -> name below `mlflow.`."""

_log = logging.getLogger("nbmlops")


def watch_flavors(switch_on: Callable[[str], None]) -> Callable[[], None]:
    """Call `switch_on(flavour)` once for each library that gets imported; returns what stops it."""
    done: set[str] = set()

    def imported(flavor: str, module: ModuleType) -> None:
        if flavor in done:
            return
        done.add(flavor)
        _log.debug("%s was imported", module.__name__)
        switch_on(flavor)

    cancels = [after_import(name, functools.partial(imported, flavor)) for name, flavor in FLAVORS.items()]

    def cancel() -> None:
        for each in cancels:
            each()

    return cancel
