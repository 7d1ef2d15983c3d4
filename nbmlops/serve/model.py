"""A model in memory, ready to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError
from nbmlops.serve.batching import Batcher
from nbmlops.serve.estimator import Estimator, estimator_of
from nbmlops.serve.long_way import LongWay
from nbmlops.serve.native import load_native
from nbmlops.serve.rows import Array, columns_of
from nbmlops.serve.signature import Described, Signature, describe
from nbmlops.serve.words import failed, first_line


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    platform: str
    signature: Signature
    long_way: LongWay
    """For every request that it can be asked."""
    estimator: Estimator | None = None
    """For plain numbers."""
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
            raise failed(error) from error

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Raises UsageError for what its signature does not take, ExternalError where the model itself fails."""
        return self.long_way.predict(data, params)


def load_model(folder: Path, name: str) -> ServedModel:
    """Loading a pickle runs what is in it: whoever calls this has made sure that it is trusted.

    Raises NotFoundError and UsageError for what is no model, MissingDependencyError for a package that it needs,
    ExternalError where it cannot be loaded.
    """
    about = describe(folder)
    try:
        long_way, estimator = _loaded(folder, about)
    except ImportError as error:
        raise MissingDependencyError(
            f"Model {name} needs {error.name or 'a package'}, which is not here: {first_line(str(error))}",
            kind="model-needs-package",
            hint="Install what its requirements.txt lists.",
        ) from error
    except Exception as error:
        raise ExternalError(
            f"Model {name} cannot be loaded: {type(error).__name__}: {first_line(str(error))}", kind="model-unloadable"
        ) from error
    return ServedModel(
        name=name,
        version=about.version,
        platform=about.platform,
        signature=about.signature,
        long_way=long_way,
        estimator=estimator,
        batcher=Batcher(estimator.score) if estimator is not None and estimator.is_row_wise else None,
    )


def _loaded(folder: Path, about: Described) -> tuple[LongWay, Estimator | None]:
    found = load_native(folder, about)
    method = str(about.flavors.get("python_function", {}).get("predict_fn", "predict"))
    long_way = LongWay(folder, found, method)
    predict = getattr(found, method, None)
    columns = columns_of(about.signature) if callable(predict) else None
    estimator = estimator_of(predict, columns, folder) if predict is not None and columns is not None else None
    if estimator is None:
        # It will be needed for everything: what cannot be loaded is told now.
        _ = long_way.pyfunc
    return long_way, estimator
