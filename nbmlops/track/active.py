"""What the user's own mlflow does in this kernel, asked without importing it."""

from __future__ import annotations

import sys


def active_run_id() -> str | None:
    """The run that the user opened with `mlflow.start_run()`, if any."""
    fluent = sys.modules.get("mlflow.tracking.fluent")
    if fluent is None or not hasattr(fluent, "active_run"):
        return None
    run = fluent.active_run()
    return None if run is None else str(run.info.run_id)


def autologs_sklearn() -> bool:
    """Whether the user has switched on MLflow's autologging for scikit-learn; then ours stands aside."""
    utilities = sys.modules.get("mlflow.utils.autologging_utils")
    integrations: dict[str, dict[str, object]] = getattr(utilities, "AUTOLOGGING_INTEGRATIONS", {})
    known = integrations.get("sklearn")
    return bool(known) and not (known or {}).get("disable", False)
