"""What is worth knowing of a model that was just fitted: a Fit, made in milliseconds.

Nothing here changes the model, numpy's random state or the user's warnings, and nothing takes longer than
a small part of what the fit itself took.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nbmlops.lib import figures
from nbmlops.lib.redact import MARK, is_secret_name, redact
from nbmlops.model.fit import Candidate, Fit

VALUE_CHARS = 500
MOST_ROWS = 10_000
MOST_COLUMNS = 1000
MOST_CELLS = 1_000_000
"""Of the rows that a profile is made of."""
SAMPLE_ROWS = 5
SWITCHED_OFF = "tracking.models is false"
MODEL_BYTES = 200 << 20
CANDIDATES = 5
# A look at the training rows may take this part of the fit's own time, or this many seconds if that is more.
_PART_OF_FIT = 0.05
_SECONDS = 0.1
_TRIAL_ROWS = 50


def observe(
    key: str,
    model: Any,
    inputs: Any,
    truth: Any,
    *,
    started_ms: int,
    seconds: float,
    error: BaseException | None,
    files: Callable[[], Path] | None,
) -> Fit:
    """Look at the model right after its fit (later it may be another)."""
    rows, columns = _shape(inputs)
    facts: dict[str, Any] = {
        "key": key,
        "estimator": type(model).__name__,
        "module": type(model).__module__,
        "params": parameters(model),
        "started_ms": started_ms,
        "seconds": seconds,
        "rows": rows,
        "columns": columns,
        "column_names": _column_names(inputs),
    }
    if error is not None:
        text = f"{type(error).__name__}: {redact(str(error))[:VALUE_CHARS]}"
        return Fit(**facts, failure=text, interrupted=isinstance(error, KeyboardInterrupt))
    with undisturbed():
        facts |= _search(model)
        sample, answers = _first_rows(model, inputs)
        spread = _spread(model, inputs, rows, max(_SECONDS, seconds * _PART_OF_FIT))
        facts["metrics"] = _training_figures(model, spread, truth, rows)
        if files is None:
            facts["model_skipped"] = SWITCHED_OFF
        else:
            facts |= _pickled(key, model, sample, answers, files)
            if "model" in facts:
                facts["rows_seen"] = _rows_seen(key, spread, columns, files)
    return Fit(**facts, packages=packages(model))


def is_predictor(model: Any) -> bool:
    """Whether the model answers something; a transformer, or a pipeline of them, does not."""
    return any(hasattr(model, name) for name in ("predict", "fit_predict"))


def arguments(args: tuple[Any, ...], options: Mapping[str, Any]) -> tuple[Any, Any]:
    """The inputs and the truth of a call of `fit`, `predict` or `score`."""
    inputs = args[0] if args else options.get("X")
    truth = args[1] if len(args) > 1 else options.get("y")
    return inputs, truth


def parameters(model: Any) -> dict[str, str]:
    """`get_params`, of the parts too, as short texts."""
    try:
        found: dict[str, Any] = model.get_params(deep=True)
    except Exception:  # noqa: BLE001 - an estimator of the user's own may break the convention
        return {}
    return {name: describe(name, value) for name, value in found.items()}


def describe(name: str, value: Any) -> str:
    if isinstance(value, str) and is_secret_name(name.rpartition("__")[2]):
        return MARK
    try:
        text = _brief(value)
    except Exception:  # noqa: BLE001 - whatever a parameter of the user's own does: the run is recorded all the same
        text = f"{type(value).__name__}()"
    return redact(text)[:VALUE_CHARS]


def _brief(value: Any, depth: int = 0) -> str:
    """Like repr, but never slow: parts that are estimators, tables or arrays say only what they are."""
    if isinstance(value, str):
        return value if depth == 0 else repr(value)
    if isinstance(value, type):
        # As a dtype. Its attributes are those of its instances, not yet values: a shape is none.
        return value.__qualname__
    if hasattr(value, "get_params"):
        return f"{type(value).__name__}()"
    if hasattr(value, "shape") and getattr(value, "shape", ()) != ():
        return f"{type(value).__name__}{tuple(value.shape)}"
    if isinstance(value, list | tuple) and depth < 3:
        parts = ", ".join(_brief(item, depth + 1) for item in value[:20])
        left, right = "[]" if isinstance(value, list) else "()"
        return f"{left}{parts}{', ...' if len(value) > 20 else ''}{right}"
    if isinstance(value, dict) and depth < 3:
        pairs = ", ".join(f"{key!r}: {_brief(item, depth + 1)}" for key, item in list(value.items())[:20])
        return f"{{{pairs}{', ...' if len(value) > 20 else ''}}}"
    if callable(value) and hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    text = str(value) if depth == 0 else repr(value)
    return text[:VALUE_CHARS]


def packages(model: Any) -> tuple[str, ...]:
    """Top-level packages of the model's classes and of its parts' classes."""
    found: set[str] = set()
    todo, seen = [model], set[int]()
    while todo and len(seen) < 200:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        for cls in type(part).__mro__:
            found.add(cls.__module__.partition(".")[0])
        with contextlib.suppress(Exception):  # get_params of the user's own estimator
            todo += [value for value in part.get_params(deep=True).values() if hasattr(value, "get_params")]
    return tuple(sorted(found - {"builtins", "__main__", "abc", "typing", "collections", "nbmlops"}))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Calls made within leave no trace: no warnings shown, no random numbers used up."""
    numpy_random = getattr(sys.modules.get("numpy"), "random", None)
    state = random.getstate()
    numpy_state = numpy_random.get_state() if numpy_random is not None else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(state)
        if numpy_random is not None:
            numpy_random.set_state(numpy_state)


def _shape(inputs: Any) -> tuple[int | None, int | None]:
    shape = getattr(inputs, "shape", None)
    if shape:
        return int(shape[0]), int(shape[1]) if len(shape) > 1 else 1
    try:
        return len(inputs), len(inputs[0]) if isinstance(inputs[0], list | tuple) else 1
    except (TypeError, IndexError, KeyError):
        return None, None


def _column_names(inputs: Any) -> tuple[str, ...]:
    names = getattr(inputs, "columns", None)
    return () if names is None or callable(names) else tuple(str(name) for name in list(names)[:MOST_COLUMNS])


def _take(values: Any, start: int, stop: int, step: int) -> Any:
    if hasattr(values, "iloc"):
        return values.iloc[start:stop:step]
    return values[start:stop:step]


def _first_rows(model: Any, inputs: Any) -> tuple[Any, Any]:
    """A few rows and what the model answers for them; None where that cannot be had."""
    if not hasattr(model, "predict"):
        return None, None
    try:
        rows = _take(inputs, 0, SAMPLE_ROWS, 1)
        if isinstance(rows, list):
            rows = sys.modules["numpy"].asarray(rows)
        return rows, model.predict(rows)
    except Exception:  # noqa: BLE001 - inputs of any shape come here; without a sample the model is still kept
        return None, None


class _Spread(NamedTuple):
    """Rows that are evenly spread over the training rows, and what the model answers for them."""

    inputs: Any
    answers: Any
    step: int


def _spread(model: Any, inputs: Any, rows: int | None, budget: float) -> _Spread | None:
    """At most MOST_ROWS of them, fewer where predicting is slow. None where the model cannot be asked."""
    if not rows or not hasattr(model, "predict"):
        return None
    try:
        wanted = min(rows, MOST_ROWS)
        if rows > _TRIAL_ROWS:
            started = time.perf_counter()
            model.predict(_take(inputs, 0, _TRIAL_ROWS, 1))
            each = (time.perf_counter() - started) / _TRIAL_ROWS
            # A slow answer is mostly a fixed cost: hence not less than the trial itself.
            wanted = min(wanted, max(_TRIAL_ROWS, int(20 * budget / each)))
        step = -(-rows // wanted)
        chosen = _take(inputs, 0, rows, step)
        return _Spread(chosen, model.predict(chosen), step)
    except Exception:  # noqa: BLE001 - inputs of any shape come here
        return None


def _training_figures(model: Any, spread: _Spread | None, truth: Any, rows: int | None) -> dict[str, float]:
    base = sys.modules.get("sklearn.base")
    if truth is None or spread is None or base is None:
        return {}
    try:
        numpy = sys.modules["numpy"]
        true = numpy.asarray(_take(truth, 0, rows or 0, spread.step))
        if base.is_classifier(model):
            if true.ndim != 1 and 1 not in true.shape:
                return {}
            return figures.classification(true.ravel(), numpy.asarray(spread.answers).ravel())
        return figures.regression(true, spread.answers) if base.is_regressor(model) else {}
    except Exception:  # noqa: BLE001 - figures are a courtesy; labels of mixed types, odd inputs go without
        return {}


def _rows_seen(key: str, spread: _Spread | None, columns: int | None, files: Callable[[], Path]) -> str:
    """Path of the rows that the model's profile is made of; empty where there is none."""
    import cloudpickle

    if spread is None or not columns or columns > MOST_COLUMNS:
        return ""
    try:
        step = max(1, len(spread.inputs) * columns // MOST_CELLS)
        chosen = _take(spread.inputs, 0, len(spread.inputs), step)
        place = files() / f"{key}.rows"
        place.write_bytes(cloudpickle.dumps((chosen, _take(spread.answers, 0, len(spread.inputs), step))))
    except Exception:  # noqa: BLE001 - inputs of any shape come here
        return ""
    return str(place)


def _search(model: Any) -> dict[str, Any]:
    """What a search over settings found."""
    best = getattr(model, "best_params_", None)
    if not isinstance(best, dict):
        return {}
    facts: dict[str, Any] = {"best_params": {name: describe(name, value) for name, value in best.items()}}
    score = getattr(model, "best_score_", None)
    if score is not None:
        facts["best_score"] = float(score)
    results = getattr(model, "cv_results_", None)
    if isinstance(results, dict) and "params" in results:
        refit = getattr(model, "refit", None)
        suffix = refit if isinstance(refit, str) and f"mean_test_{refit}" in results else "score"
        scores, ranks = results.get(f"mean_test_{suffix}"), results.get(f"rank_test_{suffix}")
        if scores is not None and ranks is not None:
            order = sorted(range(len(ranks)), key=lambda index: (int(ranks[index]), index))[:CANDIDATES]
            facts["candidates"] = tuple(
                Candidate(
                    rank=int(ranks[index]),
                    score=float(scores[index]),
                    params={name: describe(name, value) for name, value in results["params"][index].items()},
                )
                for index in order
            )
    return facts


class _TooBigError(Exception):
    pass


class _Limited:
    """A file that refuses to grow over the limit."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MODEL_BYTES

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self._left -= size
        if self._left < 0:
            raise _TooBigError
        self._file.write(data)
        return size


def _pickled(key: str, model: Any, sample: Any, answers: Any, files: Callable[[], Path]) -> dict[str, Any]:
    """Model and sample as files, or why not."""
    import cloudpickle

    path = files() / f"{key}.model"
    try:
        with path.open("wb") as file:
            cloudpickle.dump(model, _Limited(file))
    except _TooBigError:
        path.unlink(missing_ok=True)
        return {"model_skipped": f"larger than {MODEL_BYTES >> 20} MB"}
    except Exception as error:  # noqa: BLE001 - anything may refuse to be pickled, with any exception
        path.unlink(missing_ok=True)
        return {"model_skipped": f"cannot be pickled: {type(error).__name__}: {redact(str(error))[:200]}"}
    facts = {"model": str(path)}
    if sample is not None:
        place = files() / f"{key}.sample"
        with contextlib.suppress(Exception):  # a sample that cannot be pickled is done without
            place.write_bytes(cloudpickle.dumps((sample, answers)))
            facts["sample"] = str(place)
    return facts
