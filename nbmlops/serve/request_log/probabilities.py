"""How likely a classifier holds each label: kept beside the label that it has answered.

Whoever watches needs them to tell how good answers are before anybody has said what was true (monitor/estimate.py). The
model is asked by the thread that writes the log, for many requests at once: nobody waits for it.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from nbmlops.serve.request_log.tables import Entry

logger = logging.getLogger("nbmlops.serve")

PREFIX = "output.probability_"
MOST_CLASSES = 20
_AGREES = 0.9
"""Of rows, the likeliest label has to be the one that was answered."""


class Probabilities:
    def __init__(self, estimator: Callable[[], Any]) -> None:
        """`estimator` gives the fitted model, which may have to be loaded for it."""
        self._load = estimator
        self._estimator: Any = None
        self._names: tuple[str, ...] = ()
        self._is_over = False

    def of(self, entries: Sequence[Entry]) -> list[dict[str, pa.Array]]:
        """For each of the entries the columns to be added to it; none where there are no probabilities."""
        found: list[dict[str, pa.Array]] = [{} for _ in entries]
        if self._is_over:
            return found
        try:
            for places in _alike(entries):
                self._ask(entries, places, found)
        except Exception as error:  # noqa: BLE001 - the model is the user's; without probabilities the log goes on
            logger.warning("Probabilities are not kept: %s: %s", type(error).__name__, error)
            self._is_over = True
        return found

    def _ask(self, entries: Sequence[Entry], places: list[int], found: list[dict[str, pa.Array]]) -> None:
        if not self._is_ready():
            return
        parts = [entries[place].inputs for place in places]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that an array has not
            answers = np.asarray(self._estimator.predict_proba(_joined(parts)), np.float64)
        ends = np.cumsum([len(part) for part in parts])
        likeliest = [self._names[column] for column in answers.argmax(axis=1)] if answers.ndim == 2 else []
        if answers.shape != (ends[-1], len(self._names)) or not _agrees(likeliest, [entries[each] for each in places]):
            self._is_over = True
            return
        for place, own in zip(places, np.split(answers, ends[:-1]), strict=True):
            found[place] = {
                f"{PREFIX}{name}": pa.array(own[:, column].astype(np.float32))
                for column, name in enumerate(self._names)
            }

    def _is_ready(self) -> bool:
        if self._estimator is None:
            self._estimator = self._load()
            classes = getattr(self._estimator, "classes_", None)
            is_classifier = callable(getattr(self._estimator, "predict_proba", None))
            if (
                not is_classifier
                or not isinstance(classes, np.ndarray)
                or classes.ndim != 1
                or not 2 <= len(classes) <= MOST_CLASSES
            ):
                self._is_over = True
                return False
            self._names = tuple(str(each) for each in classes.tolist())
        return True


def _alike(entries: Sequence[Entry]) -> list[list[int]]:
    """Places of tables and of arrays of rows, which can be asked about together."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, entry in enumerate(entries):
        data = entry.inputs
        if hasattr(data, "columns"):
            groups.setdefault(("table", *map(str, data.columns)), []).append(place)
        elif isinstance(data, np.ndarray) and data.ndim == 2:
            groups.setdefault(("array", data.shape[1], data.dtype.kind), []).append(place)
    return list(groups.values())


def _agrees(likeliest: list[str], entries: list[Entry]) -> bool:
    """Whether they are probabilities of what was answered: a model may do more than the estimator that is in it."""
    said = [_listed(entry.outputs) for entry in entries]
    answered = [str(each) for answers in said for each in answers]
    if len(answered) != len(likeliest):
        return False
    same = sum(one == other for one, other in zip(likeliest, answered, strict=True))
    return same >= _AGREES * len(answered)


def _listed(values: Any) -> list[Any]:
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if not isinstance(values, np.ndarray):
        return list(values) if isinstance(values, list) else []
    return values.ravel().tolist() if values.ndim == 1 or 1 in values.shape[1:] else []


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    import pandas as pd

    return pd.concat(parts, ignore_index=True)
