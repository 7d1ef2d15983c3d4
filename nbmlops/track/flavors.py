"""MLflow's autologging for one library, in the kernel, without its noise."""

from __future__ import annotations

import importlib
import importlib.util
import logging

_log = logging.getLogger("nbmlops")

# Their scikit-learn style estimators are seen by our own sensor; autologging is for the native `train`.
_QUIET = {"silent": True, "log_datasets": False}


def switch_on(flavor: str) -> bool:
    """`mlflow.<flavor>.autolog(...)`. False where MLflow has no such flavour, or it is on already."""
    name = f"mlflow.{flavor}"
    try:
        if importlib.util.find_spec(name) is None:
            return False
        module = importlib.import_module(name)
        from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS

        if flavor in AUTOLOGGING_INTEGRATIONS:
            return False  # the user has chosen already
        autolog = module.autolog
    except (ImportError, AttributeError) as error:
        _log.debug("no autologging for %s: %s", flavor, error)
        return False
    options = dict(_QUIET)
    autolog(**_accepted(autolog, options))
    return True


def switch_off(flavor: str) -> None:
    """Take back what `switch_on` did."""
    importlib.import_module(f"mlflow.{flavor}").autolog(disable=True, silent=True)


def _accepted(function: object, options: dict[str, bool]) -> dict[str, bool]:
    """Flavours differ in what they can be told."""
    import inspect

    names = inspect.signature(function).parameters  # type: ignore[arg-type]
    return {name: value for name, value in options.items() if name in names}
