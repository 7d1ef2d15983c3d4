"""A model in memory, ready to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import msgspec

from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError
from nbmlops.serve.batching import Batcher
from nbmlops.serve.compiled import kept
from nbmlops.serve.estimator import Estimator, estimator_of, kept_estimator
from nbmlops.serve.example import logged_example
from nbmlops.serve.fitted import Fitted
from nbmlops.serve.limits import Limits
from nbmlops.serve.logs import note_answer, note_breaches, note_rows
from nbmlops.serve.long_way import LongWay
from nbmlops.serve.matrix import matrix_of
from nbmlops.serve.mistakes import mistake
from nbmlops.serve.native import is_compilable, load_native
from nbmlops.serve.rows import Array, columns_of
from nbmlops.serve.signature import Described, Signature, describe
from nbmlops.serve.threads import Threads
from nbmlops.serve.words import failed, first_line

if TYPE_CHECKING:
    from nbmlops.quality.door import Door

_MOST_AT_ONCE = 2000
"""Rows that are held against a contract between two other requests: some hundred microseconds."""
R = TypeVar("R")
P = ParamSpec("P")


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
    threads: Threads
    """For everything else."""
    limits: Limits
    door: Door | None = None
    """What rows have to be, where there is a contract."""
    example: Any = None
    """A request to `/invocations`, as it was logged with the model."""

    @property
    def longest(self) -> float:
        """Seconds that it has been at work on something; 0 where it is not."""
        return max(self.threads.longest(), self.batcher.longest() if self.batcher is not None else 0.0)

    @property
    def is_hanging(self) -> bool:
        """It has been at work on something for longer than a request may take."""
        return self.longest > self.limits.seconds

    async def aside(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """In a thread. Raises what the call raises, ExternalError after the limit, UnavailableError where too many
        wait.
        """
        return await self.threads.run(call, *args, **kwargs)

    async def score(self, rows: Array) -> Any:
        """For rows that its `estimator` has read. Raises ExternalError where the model fails or takes too long,
        UnavailableError where too many wait.
        """
        assert self.estimator is not None
        note_rows(len(rows))
        if self.door is not None:
            if len(rows) <= _MOST_AT_ONCE:
                self._ask(rows, self.estimator.columns.names)
            else:
                await asyncio.to_thread(self._ask, rows, self.estimator.columns.names)
        try:
            if self.estimator.has_to_load(rows):
                # Aside: whoever asks for plain numbers, and probes, are answered meanwhile.
                await self.aside(self.long_way.estimator)
            if self.batcher is not None:
                answer = await self.batcher.ask(rows)
            else:
                answer = await self.aside(self.estimator.score, rows)
        except NbmlopsError:
            raise
        except Exception as error:
            raise mistake(rows, len(rows), self.signature, error) or failed(error) from error
        note_answer(rows, self.estimator.columns.names, answer)
        return answer

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Raises UsageError for what its signature does not take, ExternalError where the model itself fails."""
        rows = _rows_of(data)
        note_rows(rows)
        if self.door is not None:
            self._ask(data, ())
        try:
            answer = self.long_way.predict(data, params)
        except ExternalError as error:
            if (found := mistake(data, rows, self.signature, error.__cause__)) is not None:
                raise found from error
            raise
        note_answer(data, (), answer)
        return answer

    def _ask(self, data: Any, names: tuple[str, ...]) -> None:
        """Whether the rows keep the contract. Raises UsageError for those that are refused."""
        assert self.door is not None
        note_breaches(self.door.ask(data, names), self.door.way)


def load_model(folder: Path, name: str, limits: Limits | None = None) -> ServedModel:
    """Loading a pickle runs what is in it: whoever calls this has made sure that it is trusted.

    Raises NotFoundError and UsageError for what is no model, MissingDependencyError for a package that it needs,
    ExternalError where it cannot be loaded.
    """
    about, limits = describe(folder), limits or Limits()
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
        batcher=_batcher(estimator, limits) if estimator is not None and estimator.is_row_wise else None,
        threads=Threads(limits),
        limits=limits,
        example=logged_example(folder),
    )


def _batcher(estimator: Estimator, limits: Limits) -> Batcher:
    return Batcher(estimator.score, most_waiting=limits.most_waiting, seconds=limits.seconds, ends=estimator.ends)


def _loaded(folder: Path, about: Described) -> tuple[LongWay, Estimator | None]:
    method = str(about.flavors.get("python_function", {}).get("predict_fn", "predict"))
    columns = columns_of(about.signature) or matrix_of(about.signature)
    fitted = Fitted(lambda: load_native(folder, about))
    key = kept.key_of(folder) if columns is not None and method == "predict" and is_compilable(about) else ""
    if key and columns is not None and (before := kept.read(key)) is not None:
        estimator = kept_estimator(fitted, columns, before)
        if estimator is not None:
            return LongWay(folder, fitted, method), estimator
    long_way = LongWay(folder, fitted if fitted() is not None else None, method)
    predict = getattr(fitted(), method, None)
    estimator = estimator_of(predict, columns, folder) if callable(predict) and columns is not None else None
    if estimator is None:
        # It will be needed for everything: what cannot be loaded is told now.
        _ = long_way.pyfunc
    elif key and estimator.quick is not None and estimator.is_row_wise:
        kept.write(key, estimator.quick, ends=estimator.ends)
    return long_way, estimator


def _rows_of(data: Any) -> int | None:
    """None for what has none, or does not say."""
    first: Any = next(iter(data.values()), None) if isinstance(data, dict) else data
    return len(first) if getattr(first, "ndim", 0) else None
