"""A model in memory, ready to be asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError, UsageError
from nbmlops.serve.batching import Batcher
from nbmlops.serve.estimator import Estimator, estimator_of
from nbmlops.serve.rows import Array, columns_of
from nbmlops.serve.signature import Signature, describe


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    platform: str
    signature: Signature
    pyfunc: Any
    """MLflow's, loaded."""
    estimator: Estimator | None = None
    """Where it can be asked without MLflow, for plain numbers."""

    batcher: Batcher | None = None
    """Where answers for several requests may be asked for at once."""

    async def score(self, rows: Array) -> Any:
        """For rows that its `estimator` has read. Raises ExternalError where the model fails, UnavailableError where
        too many wait.
        """
        assert self.estimator is not None
        try:
            if self.batcher is not None:
                return await self.batcher.ask(rows)
            return await run_in_threadpool(self.estimator.score, rows)
        except NbmlopsError:
            raise
        except Exception as error:
            raise _failed(error) from error

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Raises UsageError for what its signature does not take, ExternalError where the model itself fails."""
        from mlflow.exceptions import MlflowException

        try:
            return self.pyfunc.predict(data, params=params)
        except MlflowException as error:
            # MLflow's text tells the data first and the reason after it; what was sent is not told back.
            raise UsageError(_first_line(error.message.rpartition("Error: ")[2]), kind="input-refused") from error
        except Exception as error:
            raise _failed(error) from error


def load_model(folder: Path, name: str) -> ServedModel:
    """Loading a pickle runs what is in it: whoever calls this has made sure that it is trusted.

    Raises NotFoundError and UsageError for what is no model, MissingDependencyError for a package that it needs,
    ExternalError where it cannot be loaded.
    """
    about = describe(folder)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    import mlflow.pyfunc

    try:
        pyfunc = mlflow.pyfunc.load_model(str(folder))
    except ImportError as error:
        raise MissingDependencyError(
            f"Model {name} needs {error.name or 'a package'}, which is not here: {_first_line(str(error))}",
            kind="model-needs-package",
            hint="Install what its requirements.txt lists.",
        ) from error
    except Exception as error:
        raise ExternalError(
            f"Model {name} cannot be loaded: {type(error).__name__}: {_first_line(str(error))}", kind="model-unloadable"
        ) from error
    columns = columns_of(about.signature)
    estimator = estimator_of(pyfunc, columns, folder) if columns is not None else None
    return ServedModel(
        name=name,
        version=about.version,
        platform=about.platform,
        signature=about.signature,
        pyfunc=pyfunc,
        estimator=estimator,
        batcher=Batcher(estimator.score) if estimator is not None and estimator.is_row_wise else None,
    )


def _failed(error: Exception) -> ExternalError:
    return ExternalError(f"The model failed: {type(error).__name__}: {_first_line(str(error))}", kind="model-failed")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "it did not say why")[:300]
