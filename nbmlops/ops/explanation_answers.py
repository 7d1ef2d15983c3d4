"""A model asked again and again, about rows that were put together of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbmlops.attribution.inputs import Array, Given, Inputs
from nbmlops.errors import ExternalError
from nbmlops.ops.evaluation_answers import Said, plain_values
from nbmlops.serve.model import ServedModel
from nbmlops.serve.words import failed

ANOTHER = "another label"
"""A class beside those that a model has said, where it does not name all that it knows."""
_ROUNDING = 1e-9
_TRIED = 200


class Asked:
    """What a model says, as numbers: probabilities of classes, where it has them, else 1 for the class that it says; or
    values.

    Its estimator is asked as it is where that gives the same as MLflow's way, which checks all rows against the
    signature each time.
    """

    def __init__(self, model: ServedModel, inputs: Inputs, said: Said, classes: Sequence[Any]) -> None:
        self._model = model
        self._classes = tuple(classes)
        self.has_probabilities = bool(classes) and said.probabilities is not None
        self._own = [self._classes.index(each) for each in said.classes] if self.has_probabilities else []
        self.base = self._given(said.values, said.probabilities)
        self._probabilities = self._way("predict_proba", inputs, said.probabilities) if self.has_probabilities else None
        # Where the likeliest class is always the one that is said, one question is enough.
        self._says_likeliest = self.has_probabilities and bool(
            (self.base.values.argmax(axis=1) == self.base.said).all()
        )
        self._values = None if self._says_likeliest else self._way("predict", inputs, said.values)

    def __call__(self, rows: Any) -> Given:
        """Raises ExternalError and UsageError where the model refuses them or gives other things than before."""
        probabilities = self._probabilities(rows) if self._probabilities is not None else None
        values = self._values(rows) if self._values is not None else None
        given = self._given(values, probabilities)
        if len(given.values) != len(rows):
            raise ExternalError(
                f"The model gives {len(given.values):,} answers for {len(rows):,} rows.", kind="answers-shape"
            )
        if not np.isfinite(given.values).all():
            raise ExternalError("The model gives no number for some of the rows.", kind="answers-types")
        return given

    def _given(self, values: Array | None, probabilities: Array | None) -> Given:
        if not self._classes:
            assert values is not None
            try:
                return Given(values=values.astype(float).reshape(len(values), 1))
            except (TypeError, ValueError) as error:
                raise ExternalError("The model gives no number for some of the rows.", kind="answers-types") from error
        found = None
        if probabilities is not None:
            found = np.zeros((len(probabilities), len(self._classes)))
            found[:, self._own] = probabilities
        said = self._places(values) if values is not None else None
        if found is None:
            assert said is not None
            found = np.zeros((len(said), len(self._classes)))
            found[np.arange(len(said)), said] = 1.0
        return Given(values=found, said=found.argmax(axis=1) if said is None else said)

    def _places(self, values: Array) -> Array:
        known = {each: place for place, each in enumerate(self._classes)}
        try:
            found = [known.get(each, known.get(ANOTHER)) for each in plain_values(values)]
        except TypeError as error:
            raise ExternalError(f"The model gives no labels: {str(error)[:60]}.", kind="answers-types") from error
        if None in found:
            strange = values[found.index(None)]
            raise ExternalError(f"The model says {str(strange)[:60]}, which is no class of its.", kind="answers-types")
        return np.array(found, dtype=np.int64)

    def _way(self, method: str, inputs: Inputs, expected: Array | None) -> Callable[[Any], Array]:
        """The shortest one that gives the same."""
        assert expected is not None
        way = self._model.long_way
        long = way if method == "predict" else way.asking(method)
        if method == "predict_proba" and not callable(getattr(way.estimator(), method, None)):
            # What it was logged to give are probabilities.
            long, method = way, "predict"
        direct = getattr(way.estimator(), method, None)
        few = min(_TRIED, len(inputs))
        if callable(direct) and _agrees(direct, inputs.at(np.arange(few)), expected[:few]):
            return lambda rows: _directly(direct, rows)
        return lambda rows: _flat(long.predict(rows))


def _directly(ask: Callable[[Any], Any], rows: Any) -> Array:
    try:
        return _flat(ask(rows))
    except Exception as error:
        raise failed(error) from error


def _agrees(ask: Callable[[Any], Any], rows: Any, expected: Array) -> bool:
    try:
        found = _flat(ask(rows))
    except Exception:  # noqa: BLE001 - it wants something else than rows: MLflow knows what
        return False
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind not in "fc":
        return plain_values(found) == plain_values(expected)
    return bool(np.allclose(found.astype(float), expected.astype(float), rtol=_ROUNDING, atol=_ROUNDING))


def _flat(answer: Any) -> Array:
    if isinstance(answer, dict) and len(answer) == 1:
        (answer,) = answer.values()
    found = np.asarray(answer)
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
