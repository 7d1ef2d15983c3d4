"""MLflow's own way from a request to its answer: for whatever is not plain, and for models that only it can load."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any

from nbmlops.errors import UsageError
from nbmlops.serve.fitted import Fitted
from nbmlops.serve.native import OfXgboost
from nbmlops.serve.words import failed, first_line


class LongWay:
    """A pyfunc model. Around an estimator that is loaded without MLflow, it is made when it is asked first."""

    def __init__(self, folder: Path, fitted: Fitted | None = None, predict_fn: str = "predict") -> None:
        self._folder = folder
        self._fitted = fitted
        self._predict_fn = predict_fn
        self._lock = threading.Lock()
        self._pyfunc: Any = None

    @property
    def pyfunc(self) -> Any:
        """MLflow's. Raises whatever loading raises."""
        with self._lock:
            if self._pyfunc is None:
                self._pyfunc = self._loaded()
        return self._pyfunc

    def estimator(self) -> Any:
        """As it was fitted, with whatever methods it has; None where MLflow does not give it out. Raises whatever
        loading raises.
        """
        if self._fitted is not None:
            found = self._fitted()
            return found.raw if isinstance(found, OfXgboost) else found
        with contextlib.suppress(NotImplementedError):
            return self.pyfunc.get_raw_model()
        return None

    def asking(self, method: str) -> LongWay:
        """The same with another method of its estimator, as `predict_proba`."""
        return LongWay(self._folder, Fitted(self.estimator), method)

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Raises UsageError for what its signature does not take, ExternalError where the model itself fails."""
        pyfunc = self.pyfunc
        from mlflow.exceptions import MlflowException

        try:
            return pyfunc.predict(data, params=params)
        except MlflowException as error:
            # MLflow's text tells the data first and the reason after it; what was sent is not told back.
            raise UsageError(first_line(error.message.rpartition("Error: ")[2]), kind="input-refused") from error
        except Exception as error:
            raise failed(error) from error

    def _loaded(self) -> Any:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        import mlflow.pyfunc
        from mlflow.models import Model

        if self._fitted is None:
            return mlflow.pyfunc.load_model(str(self._folder))
        model = Model.load(str(self._folder))
        return mlflow.pyfunc.PyFuncModel(
            model_meta=model, model_impl=_Loaded(self._fitted()), predict_fn=self._predict_fn
        )


class _Loaded:
    """An estimator as a pyfunc model's inside; other methods than `predict` may be asked for by name."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        if isinstance(self._estimator, OfXgboost):
            return self._estimator.predict(data, **(params or {}))
        return self._estimator.predict(data)

    def get_raw_model(self) -> Any:
        return self._estimator.raw if isinstance(self._estimator, OfXgboost) else self._estimator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._estimator, name)
