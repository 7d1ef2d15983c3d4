"""Seeing how good a model was found: `accuracy_score(y, model.predict(X))`, `model.score(X, y)`.

    scores = ScoreSensor(sensor, on_score=log.score)
    scores.install()

What a watched model answers is remembered (weakly). When one of sklearn's metric functions gets such an
answer, or a view of it, its value belongs to that model's fit. The wrapped functions live in
`sklearn.metrics` only, under that module's name, so that they are pickled by name like any function.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
import types
import weakref
from collections.abc import Callable
from typing import Any

from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.lib.importing import after_import
from nbmlops.model.fit import Score

_ENDINGS = ("_score", "_error", "_loss", "_coef", "_deviance", "_likelihood_ratios")
_MOST_ANSWERS = 256
_MOST_BASES = 4

_log = logging.getLogger("nbmlops")


class ScoreSensor:
    def __init__(self, estimators: EstimatorSensor, on_score: Callable[[Score], None]) -> None:
        self._estimators = estimators
        self._on_score = on_score
        self._module: types.ModuleType | None = None
        self._originals: dict[str, tuple[Any, Any]] = {}
        self._cancel: Callable[[], None] = lambda: None
        self._answers: dict[int, tuple[weakref.ref[Any], str, int]] = {}
        self._data: dict[int, tuple[weakref.ref[Any] | None, int]] = {}
        self._serial = 0
        self._names: dict[tuple[str, str], dict[int, str]] = {}
        self._lock = threading.Lock()
        self._complained = False

    def install(self) -> None:
        self._estimators.on_answer = self._answered
        self._estimators.on_score = self._scored
        self._cancel = after_import("sklearn.metrics", self._metrics_are_here)

    def uninstall(self) -> None:
        self._cancel()
        self._estimators.on_answer = self._estimators.on_score = None
        if self._module is not None:
            for name, (original, wrapped) in self._originals.items():
                if getattr(self._module, name, None) is wrapped:
                    setattr(self._module, name, original)
        self._originals.clear()
        self._answers.clear()
        self._data.clear()
        self._module = None

    def patched(self) -> list[str]:
        return sorted(f"sklearn.metrics.{name}" for name in self._originals)

    def _metrics_are_here(self, module: types.ModuleType) -> None:
        self._module = module
        for name in getattr(module, "__all__", ()):
            original = getattr(module, name, None)
            if isinstance(original, types.FunctionType) and name.endswith(_ENDINGS):
                wrapped = self._wrap(name, original)
                self._originals[name] = (original, wrapped)
                setattr(module, name, wrapped)

    def _wrap(self, name: str, original: types.FunctionType) -> Callable[..., Any]:
        inside = self._estimators

        @functools.wraps(original)
        def metric(*args: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            if inside.is_inside:
                return original(*args, **options)
            with inside.inside():
                value = original(*args, **options)
            try:
                self._computed(name, args, options, value)
            except Exception as error:  # noqa: BLE001 - the user asked for a figure and has it
                self._complain(error)
            return value

        metric.__module__ = "sklearn.metrics"
        metric.__qualname__ = name
        return metric

    def _answered(self, key: str, inputs: Any, answers: Any) -> None:
        """Remember whose answer it is, and to which data."""
        identity = id(answers)

        def forget(_: Any) -> None:
            self._answers.pop(identity, None)

        with self._lock:
            self._answers[identity] = (weakref.ref(answers, forget), key, self._data_number(inputs))
            while len(self._answers) > _MOST_ANSWERS:
                self._answers.pop(next(iter(self._answers)))

    def _scored(self, key: str, inputs: Any, value: float) -> None:
        self._tell(key, "score", self._data_number(inputs), value)

    def _computed(self, name: str, args: Any, options: dict[str, Any], value: Any) -> None:
        if not hasattr(value, "__float__") or getattr(value, "shape", ()) != ():
            return
        for candidate in (*args, *options.values()):
            found = self._find(candidate)
            if found is not None:
                average = options.get("average")
                metric = f"{name}_{average}" if isinstance(average, str) and average != "binary" else name
                self._tell(found[0], metric, found[1], float(value))
                return

    def _find(self, candidate: Any) -> tuple[str, int] | None:
        """The fit that a value, or the array it is a view of, was answered by; and for which data."""
        for _ in range(_MOST_BASES):
            if candidate is None:
                return None
            known = self._answers.get(id(candidate))
            if known is not None and known[0]() is candidate:
                return known[1], known[2]
            candidate = getattr(candidate, "base", None)
        return None

    def _data_number(self, inputs: Any) -> int:
        """The same object gets the same number as long as it lives."""
        identity = id(inputs)
        known = self._data.get(identity)
        if known is not None and known[0] is not None and known[0]() is inputs:
            return known[1]
        self._serial += 1
        number = self._serial

        def forget(_: Any) -> None:
            if self._data.get(identity, (None, 0))[1] == number:
                self._data.pop(identity, None)

        try:
            self._data[identity] = (weakref.ref(inputs, forget), number)
        except TypeError:
            self._data.pop(identity, None)  # a list: each call counts as other data
        return number

    def _tell(self, key: str, metric: str, data: int, value: float) -> None:
        names = self._names.setdefault((key, metric), {})
        if data not in names:
            names[data] = metric if not names else f"{metric}-{len(names) + 1}"
        self._on_score(Score(fit=key, metric=names[data], value=value, time_ms=time.time_ns() // 1_000_000))

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("a score could not be recorded: %s: %s", type(error).__name__, error)
