"""Seeing that a scikit-learn style model was fitted, without importing scikit-learn.

    sensor = EstimatorSensor(on_fit=log.fit, files=lambda: scribe.files)
    sensor.install()        # acts when the user's code imports sklearn, or at once if it has
    sensor.settle()         # at the end of each cell: models that learn in pieces
    sensor.uninstall()

The methods of estimator classes become descriptors that hand out the method with a frame around it. Asked
through the class they are the plain functions, so that pickling, signatures, metadata routing and
`mlflow.autolog` see nothing new. Only the outermost call counts: a search or a pipeline is one fit.
"""

from __future__ import annotations

import copy
import functools
import logging
import os
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbmlops.capture import observation
from nbmlops.lib.clock import new_id
from nbmlops.lib.importing import after_import
from nbmlops.model.fit import Fit

FITS = ("fit", "fit_predict", "fit_transform", "partial_fit")
ANSWERS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
SCORE = "score"
_NAMES = (*FITS, *ANSWERS, SCORE)
_MIXINS = ("ClassifierMixin", "RegressorMixin", "ClusterMixin", "OutlierMixin", "TransformerMixin")
# Fits that library code asks for are parts of something bigger: the folds of a cross-validation.
_INNER_CALLERS = ("sklearn.", "joblib.", "imblearn.")
_MOST_FITTED = 512

_log = logging.getLogger("nbmlops")


class EstimatorSensor:
    def __init__(
        self,
        on_fit: Callable[[Fit], None],
        files: Callable[[], Path] | None,
        *,
        on_answer: Callable[[str, Any, Any], None] | None = None,
        on_score: Callable[[str, Any, float], None] | None = None,
        stands_aside: Callable[[], bool] = lambda: False,
        key_of_loaded: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`files` gives the folder for pickled models; None: models are not kept.
        `key_of_loaded` is the key for models that were not fitted here but loaded.

        `on_answer(key, inputs, answers)` and `on_score(key, inputs, value)` serve the ScoreSensor.
        """
        self._on_fit = on_fit
        self._files = files
        self.on_answer = on_answer
        self.on_score = on_score
        self._stands_aside = stands_aside
        self._key_of_loaded = key_of_loaded
        self._wrapped: list[tuple[weakref.ref[type], str, Any]] = []
        self._looked_at: weakref.WeakSet[type] = weakref.WeakSet()
        self._base: Any = None
        self._own_init_subclass: Any = None
        self._cancel: Callable[[], None] = lambda: None
        self._depth = _Depth()
        self._busy: dict[int, int] = {}
        self._fitted: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._pieces: dict[int, _Pieces] = {}
        self._installed = False
        self._pid = os.getpid()
        self._complained = False

    def install(self) -> None:
        if not self._installed:
            self._installed = True
            self._cancel = after_import("sklearn.base", self._sklearn_is_here)

    def uninstall(self) -> None:
        """Everything as it was; what a half-trained model has shown is still told."""
        self.settle()
        self._installed = False
        self._cancel()
        for where, name, watched in self._wrapped:
            owner = where()
            there = owner.__dict__.get(name) if owner is not None else None
            if there is not None and there is watched:
                setattr(owner, name, there.original)
        self._wrapped.clear()
        self._looked_at.clear()
        if self._base is not None:
            if self._own_init_subclass is None:
                del self._base.__init_subclass__
            else:
                self._base.__init_subclass__ = self._own_init_subclass
            self._base = None
        self._fitted.clear()

    def patched(self) -> list[str]:
        """What is changed now, as `module.Class.method`."""
        names = [
            f"{owner.__module__}.{owner.__qualname__}.{name}"
            for where, name, watched in self._wrapped
            if (owner := where()) is not None and owner.__dict__.get(name) is watched
        ]
        if self._base is not None:
            names.append(f"{self._base.__module__}.{self._base.__qualname__}.__init_subclass__")
        return sorted(names)

    def settle(self) -> None:
        """Tell about the models that `partial_fit` has taught since the last time."""
        pieces, self._pieces = self._pieces, {}
        for piece in pieces.values():
            with self._shielded():
                self._observe(piece.key, piece.model, piece.inputs, piece.truth, piece.started_ms, piece.seconds, None)

    def key_of(self, model: Any) -> str | None:
        """The key of the model's last fit."""
        known = self._fitted.get(id(model))
        return known[1] if known is not None and known[0]() is model else None

    @property
    def is_inside(self) -> bool:
        """Whether this thread is within a call that is watched already, or works for one."""
        if self._depth.count:
            return True
        # joblib's thread workers remember the thread that made their pool.
        thread: Any = threading.current_thread()
        while (thread := getattr(thread, "_parent", None)) is not None:
            if getattr(thread, "ident", None) in self._busy:
                return True
        return False

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Calls made within do not count."""
        identity = threading.get_ident()
        self._depth.count += 1
        self._busy[identity] = self._busy.get(identity, 0) + 1
        try:
            yield
        finally:
            self._depth.count -= 1
            self._busy[identity] -= 1
            if not self._busy[identity]:
                del self._busy[identity]

    def _sklearn_is_here(self, module: types.ModuleType) -> None:
        base: Any = module.BaseEstimator
        self._base = base
        self._own_init_subclass = base.__dict__.get("__init_subclass__")
        own = self._own_init_subclass
        watch = self._watch_class

        def init_subclass(cls: Any, /, **options: Any) -> None:
            if own is not None:
                own.__get__(None, cls)(**options)
            else:
                super(base, cls).__init_subclass__(**options)
            watch(cls)

        base.__init_subclass__ = classmethod(init_subclass)
        for name in _MIXINS:
            if (mixin := getattr(module, name, None)) is not None:
                self._watch_class(mixin)
        todo = [base]
        seen: set[type] = set()
        while todo:
            cls = todo.pop()
            if cls not in seen:
                seen.add(cls)
                self._watch_class(cls)
                todo += type.__subclasses__(cls)

    def _watch_class(self, cls: type) -> None:
        """The class and its mixins, which need not be estimators themselves (they bring `predict`)."""
        for part in cls.__mro__:
            if part is not object and part not in self._looked_at:
                self._looked_at.add(part)
                self._watch_methods(part)

    def _watch_methods(self, cls: type) -> None:
        for name in _NAMES:
            original = cls.__dict__.get(name)
            if original is None or isinstance(original, _Watched | staticmethod | classmethod | property):
                continue
            if not hasattr(original, "__get__") or hasattr(original, "original"):
                continue
            if getattr(original, "__isabstractmethod__", False):
                continue
            watched = _watched(original, name, self)
            try:
                setattr(cls, name, watched)
            except (AttributeError, TypeError):
                continue  # a class that does not allow it is not watched
            self._wrapped.append((weakref.ref(cls), name, watched))

    def call(self, name: str, model: Any, method: Callable[..., Any], args: Any, options: Any, caller: str) -> Any:
        """The user's call, with our eyes on it. What the method returns or raises passes unchanged."""
        __tracebackhide__ = True
        if self.is_inside or caller.startswith(_INNER_CALLERS):
            with self.inside():
                return method(*args, **options)
        if name not in FITS:
            return self._watch_answer(name, model, method, args, options)
        started_ms, started = time.time_ns() // 1_000_000, time.perf_counter()
        try:
            with self.inside():
                result = method(*args, **options)
        except BaseException as error:
            with self._shielded():
                if self._counts(model):
                    inputs, truth = observation.arguments(args, options)
                    seconds = time.perf_counter() - started
                    self._observe(new_id(), model, inputs, truth, started_ms, seconds, error)
            raise
        seconds = time.perf_counter() - started
        with self._shielded():
            if self._counts(model):
                inputs, truth = observation.arguments(args, options)
                if name == "partial_fit":
                    piece = self._pieces.setdefault(id(model), _Pieces(model, started_ms))
                    piece.inputs, piece.truth, piece.seconds = inputs, truth, piece.seconds + seconds
                    self._remember(model, piece.key)
                else:
                    self._pieces.pop(id(model), None)
                    self._observe(new_id(), model, inputs, truth, started_ms, seconds, None)
        return result

    def _counts(self, model: Any) -> bool:
        """Not a transformer, not in a forked child, and nobody else records it."""
        return os.getpid() == self._pid and observation.is_predictor(model) and not self._stands_aside()

    def _watch_answer(self, name: str, model: Any, method: Callable[..., Any], args: Any, options: Any) -> Any:
        __tracebackhide__ = True
        key = self.key_of(model) or self._key_of_loaded()
        with self.inside():
            result = method(*args, **options)
        if key is not None:
            with self._shielded():
                inputs, _ = observation.arguments(args, options)
                if name == SCORE and self.on_score is not None:
                    self.on_score(key, inputs, float(result))
                elif name != SCORE and self.on_answer is not None:
                    self.on_answer(key, inputs, result)
        return result

    def _observe(
        self,
        key: str,
        model: Any,
        inputs: Any,
        truth: Any,
        started_ms: int,
        seconds: float,
        error: BaseException | None,
    ) -> None:
        with self.inside():
            fit = observation.observe(
                key,
                model,
                inputs,
                truth,
                started_ms=started_ms,
                seconds=seconds,
                error=error,
                files=self._files,
            )
        if error is None:
            self._remember(model, key)
            best = getattr(model, "best_estimator_", None)
            if best is not None:
                self._remember(best, key)
        self._on_fit(fit)

    def _remember(self, model: Any, key: str) -> None:
        identity = id(model)

        def forget(_: Any) -> None:
            self._fitted.pop(identity, None)

        self._fitted[identity] = (weakref.ref(model, forget), key)
        while len(self._fitted) > _MOST_FITTED:
            self._fitted.pop(next(iter(self._fitted)))

    @contextmanager
    def _shielded(self) -> Iterator[None]:
        """Whatever goes wrong in our own eyes must not reach the user's cell; it is told once."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            if not self._complained:
                self._complained = True
                _log.warning("a fitted model could not be recorded: %s: %s", type(error).__name__, error)
            _log.debug("a fitted model could not be recorded", exc_info=True)


class _Watched:
    """A method of a class, watched when it is called on an instance."""

    def __init__(self, original: Any, call: Callable[..., Any]) -> None:
        self.original = original
        self._call = call

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self.original.__get__(None, owner)
        return types.MethodType(self._call, model)

    def __eq__(self, other: object) -> bool:
        # mlflow.autolog patches a method only if the class and its __dict__ give the same thing.
        return other is self or other is self.original

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        # A class that is pickled by value (one made in the notebook) takes its plain method with it.
        return copy.copy, (self.original,)


def _watched(original: Any, name: str, sensor: EstimatorSensor) -> Any:
    """What stands in the class instead of the method; its `original` is what stood there before."""
    conditional = hasattr(original, "fn") and hasattr(original, "check")
    method = original.fn if conditional else original

    @functools.wraps(method)
    def call(model: Any, /, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        caller = sys._getframe(1).f_globals.get("__name__") or ""
        return sensor.call(name, model, method.__get__(model, type(model)), args, options, caller)

    call.__name__ = name
    if not conditional:
        return _Watched(original, call)
    # sklearn's `available_if` decides itself whether there is a method; others (mlflow) look into it.
    kind = type(original)
    watched: Any = object.__new__(type(kind.__name__, (kind,), {"__reduce__": _Watched.__reduce__}))
    watched.__dict__.update(original.__dict__, fn=call, original=original)
    return watched


class _Depth(threading.local):
    count = 0


class _Pieces:
    """A model that learns through many calls of partial_fit."""

    def __init__(self, model: Any, started_ms: int) -> None:
        self.model = model
        self.started_ms = started_ms
        self.key = new_id()
        self.seconds = 0.0
        self.inputs: Any = None
        self.truth: Any = None
