"""What a model has answered, out of the columns of a request log, and held against labels.

| logged | read as |
| --- | --- |
| one column of answers | the answer itself; numbers between 0 and 1 with labels 0 and 1: the probability of 1 |
| several columns that sum to one in each row | probabilities; the columns' names are the labels |
| these and one more, `prediction`, `label` or `class` | probabilities, and the answer |

Services keep both of scikit-learn style classifiers: `output.prediction` and `output.probability_LABEL`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from nbmlops.evaluate.metrics import Answers, Array, Classified, Regressed
from nbmlops.monitor.coded import Values, plain_of, values_of
from nbmlops.monitor.columns import NUMBER, TRUTH, kind_of
from nbmlops.monitor.windows import OUTPUT

CLASSIFICATION, REGRESSION = "classification", "regression"
_ANSWER = ("prediction", "predictions", "predict", "label", "class", "predicted", "output")
_PREFIXES = ("probability_", "probability.", "proba_", "prob_", "p_")
_TRUTH = {"False": 0, "True": 1}
_MOST_CLASSES = 100
_SUM = 1e-3
"""Probabilities of 32 bits sum to one that exactly."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of a log's rows."""

    predicted: pa.ChunkedArray | None = None
    probabilities: Array | None = None
    """(rows, classes); rows without are NaN."""
    names: tuple[str, ...] = ()
    """Of the probabilities."""

    @property
    def is_number(self) -> bool:
        return self.predicted is not None and kind_of(self.predicted.type) == NUMBER


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Answers and what was true."""

    answers: Answers
    rows: Array
    """Places among those that were given: without rows that have no answer."""
    classes: tuple[Any, ...] = ()

    @property
    def task(self) -> str:
        return REGRESSION if isinstance(self.answers, Regressed) else CLASSIFICATION


def said(table: pa.Table) -> Said:
    """Of a table that has columns `output.NAME`."""
    columns = {name.partition(".")[2]: table.column(name) for name in table.column_names if _is_output(name)}
    likely = {
        name: column for name, column in columns.items() if kind_of(column.type) == NUMBER and name not in _ANSWER
    }
    probabilities = _probabilities(likely)
    rest = {name: column for name, column in columns.items() if probabilities is None or name not in likely}
    answer = next((rest[name] for name in _ANSWER if name in rest), None)
    if answer is None and len(rest) == 1:
        answer = next(iter(rest.values()))
    if answer is not None and not kind_of(answer.type):
        answer = None
    names = tuple(_plain_name(name) for name in likely) if probabilities is not None else ()
    return Said(predicted=answer, probabilities=probabilities, names=names)


def held(found: Said, rows: Array, truth: Values) -> Held | None:
    """`rows` are places in the table of what was said, `truth` their labels. None where they cannot be compared."""
    if not len(rows):
        return None
    if found.probabilities is not None:
        return _by_probabilities(found, rows, truth)
    if found.predicted is None:
        return None
    values = values_of(found.predicted.take(pa.array(rows)))
    places = np.flatnonzero(values.codes >= 0)
    if not len(places):
        return None
    values, labels = values.take(places), truth.take(places)
    if values.are_numbers and labels.are_numbers:
        numbers, true = values.numbers, labels.numbers
        if _is_probability(values, labels):
            pair = np.stack([1 - numbers, numbers], axis=1)
            answers = Classified(
                truth=true.astype(np.int64), said=(numbers >= 0.5).astype(np.int64), classes=2, probabilities=pair
            )
            return Held(answers=answers, rows=places, classes=(0, 1))
        if not _is_label(values, labels, found):
            return Held(answers=Regressed(truth=true, said=numbers), rows=places)
    elif _has_texts(values) != _has_texts(labels):
        values, labels = values.as_texts(), labels.as_texts()
    classes = tuple(sorted({*values.different, *labels.different}, key=lambda each: (isinstance(each, str), each)))
    answers = Classified(truth=labels.among(classes), said=values.among(classes), classes=len(classes))
    return Held(answers=answers, rows=places, classes=classes)


def _by_probabilities(found: Said, rows: Array, truth: Values) -> Held | None:
    assert found.probabilities is not None
    chosen = found.probabilities[rows]
    places = np.flatnonzero(~np.isnan(chosen).any(axis=1))
    if not len(places):
        return None
    labels = truth.take(places)
    classes = _classes(found.names, labels.different)
    if classes is None:
        return None
    every = (*classes, *(each for each in labels.different if each not in set(classes)))
    if len(every) > _MOST_CLASSES:
        return None
    chosen = np.hstack([chosen[places], np.zeros((len(places), len(every) - len(classes)))])
    answer = chosen.argmax(axis=1)
    if found.predicted is not None:
        told = values_of(found.predicted.take(pa.array(rows[places])))
        if (told.codes >= 0).all() and set(told.different) <= set(every):
            answer = told.among(every)
    answers = Classified(
        truth=labels.among(every), said=answer.astype(np.int64), classes=len(every), probabilities=chosen
    )
    return Held(answers=answers, rows=places, classes=every)


def _classes(names: Sequence[str], labels: Sequence[Any]) -> tuple[Any, ...] | None:
    """Labels as they are told, in the order of the probabilities. None where it is not clear which is which."""
    are_texts = any(isinstance(each, str) for each in labels)
    if not are_texts:
        # Labels that are truth values are told, and kept, as 0 and 1.
        numbers = [_TRUTH.get(name, _number(name)) for name in names]
        return None if any(each is None for each in numbers) else tuple(numbers)
    if {str(each) for each in labels} & set(names):
        return tuple(names)
    present = sorted({str(each) for each in labels})
    # Columns without names are in the order of the sorted labels, as scikit-learn has them.
    return tuple(present) if len(present) == len(names) and _are_places(names) else None


def _probabilities(columns: dict[str, pa.ChunkedArray]) -> Array | None:
    if not 2 <= len(columns) <= _MOST_CLASSES:
        return None
    found = np.stack([each.to_numpy().astype(float) for each in columns.values()], axis=1)
    known = found[~np.isnan(found).any(axis=1)]
    if not len(known) or (known < -_SUM).any() or (np.abs(known.sum(axis=1) - 1) > _SUM * len(columns)).any():
        return None
    return found


def _is_probability(values: Values, labels: Values) -> bool:
    said = values.different
    inside = all(0 <= each <= 1 for each in said) and any(0 < each < 1 for each in said)
    return inside and set(labels.different) <= {0, 1}


def _is_label(values: Values, labels: Values, found: Said) -> bool:
    """Whole numbers that are few: names of classes."""
    assert found.predicted is not None
    if kind_of(found.predicted.type) == TRUTH:
        return True
    both = {*values.different, *labels.different}
    return len(both) <= max(20, len(labels) // 50) and all(isinstance(each, int) for each in both)


def _has_texts(values: Values) -> bool:
    return any(isinstance(each, str) for each in values.different)


def _is_output(name: str) -> bool:
    return name.startswith(f"{OUTPUT}.")


def _plain_name(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return name.removeprefix(prefix)
    return name


def _are_places(names: Sequence[str]) -> bool:
    return list(names) == [str(place) for place in range(len(names))]


def _number(name: str) -> int | float | None:
    try:
        return plain_of(float(name))  # type: ignore[no-any-return]
    except ValueError:
        return None
