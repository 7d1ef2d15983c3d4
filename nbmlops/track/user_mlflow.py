"""What the user's own mlflow would do with a metric, asked of it. For a kernel that has imported it already."""

from __future__ import annotations

import os
from typing import Any


class UserMlflow:
    """One address, and the modules of MLflow that decide."""

    def __init__(self, uri: str) -> None:
        from mlflow.environment_variables import MLFLOW_ENABLE_ASYNC_LOGGING
        from mlflow.tracking import fluent
        from mlflow.tracking._tracking_service import utils
        from mlflow.tracking._tracking_service.client import TrackingServiceClient
        from mlflow.tracking.metric_value_conversion_utils import convert_metric_value_to_float_if_possible

        self.uri = uri
        self.fluent = fluent
        self.client = TrackingServiceClient
        self._utils = utils
        self._async_name = MLFLOW_ENABLE_ASYNC_LOGGING.name
        self._convert = convert_metric_value_to_float_if_possible

    def plain_run(self, step: Any, synchronous: bool | None) -> str | None:
        """The id of this thread's innermost open run, where MLflow would do no more than log to it, at our address."""
        if synchronous is None:
            synchronous = self._async_name not in os.environ
        stack = self.fluent._active_run_stack.get()
        if not stack or not synchronous or self._utils.get_tracking_uri() != self.uri or self.has_model():
            return None
        run = stack[-1]
        if run.outputs and any(output.step == step for output in run.outputs.model_outputs):
            return None  # the metric would be that model's as well
        return str(run.info.run_id)

    def has_model(self) -> bool:
        """Whether metrics belong to a model that the user has set active."""
        return self.fluent.get_active_model_id() is not None

    def is_active(self, run: str) -> bool:
        """Whether the run is there and not deleted. An unknown one, or a server that is away, is MLflow's to tell."""
        try:
            return bool(self.client(self.uri).get_run(run).info.lifecycle_stage == "active")
        except Exception:  # noqa: BLE001 - MLflow raises it again when it is asked to log
            return False

    def number(self, value: Any) -> Any:
        """A float, also of arrays and tensors as MLflow converts them; else whatever it is."""
        try:
            return float(value) if isinstance(value, (int, float)) else self._convert(value)
        except Exception:  # noqa: BLE001 - MLflow raises it again when it is asked to log
            return None
