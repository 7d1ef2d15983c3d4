"""What a person asks of runs, as they type it: `accuracy > 0.9`, `params.trees = 10`, `name ~ wine`.

    condition = read_condition("accuracy > 0.9")
    holds(condition, run)

The same conditions are SQL in `page_sqlite.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.errors import UsageError
from nbmlops.model.run import RunView, Tags
from nbmlops.track.metrics_sqlite import LARGEST

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~")
LONGEST = 1000
"""Letters of a condition or of a text that is looked for."""
TEXTS = ("name", "status", "experiment", "id")
NUMBERS = ("seconds", "started")
SEARCHED = (
    Tags.MLFLOW_NOTE,
    Tags.MLFLOW_USER,
    Tags.MLFLOW_SOURCE,
    Tags.NOTEBOOK,
    Tags.STEP,
    Tags.ESTIMATOR,
    Tags.GIT_BRANCH,
    Tags.FAILURE,
)
"""Of the tags that tools set, those that people may know; the others are ids and digests."""
_SYSTEMS = ("mlflow.", "nbmlops.")


class Kind(StrEnum):
    ATTRIBUTE = "attribute"
    METRIC = "metrics"
    PARAM = "params"
    TAG = "tags"
    ANY = "any"
    """A bare name: a metric, or a parameter where no metric has that name."""


class Name(msgspec.Struct, frozen=True):
    kind: Kind
    name: str


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    of: Name
    operator: str
    value: str
    number: float | None = None
    """The value as a number, where it is one; of `started` milliseconds since 1970."""
    text: str = ""
    """As it was typed."""


def read_name(text: str) -> Name:
    """`started`, `params.trees`, `accuracy`."""
    if text in TEXTS or text in NUMBERS:
        return Name(Kind.ATTRIBUTE, text)
    for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG):
        if text.startswith(f"{kind}.") and len(text) > len(kind) + 1:
            return Name(kind, text[len(kind) + 1 :])
    return Name(Kind.ANY, text)


def read_condition(text: str) -> Condition:
    """Raises UsageError with the place where it cannot be read. Names with operators in them stand in backticks."""
    if len(text) > LONGEST:
        raise _refusal(text[:40] + "…", f"it is longer than {LONGEST} letters")
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] == "`":
        end = text.find("`", start + 1)
        if end < 0:
            raise _refusal(text, f"the backtick at letter {start + 1} is not closed")
        name, rest = text[start + 1 : end], end + 1
    else:
        rest = next((n for n, letter in enumerate(text) if letter in "=!<>~"), len(text))
        name = text[:rest].strip()
    if not name:
        raise _refusal(text, f"a name is missing at letter {start + 1}")
    rest += len(text[rest:]) - len(text[rest:].lstrip())
    operator = next((each for each in sorted(OPERATORS, key=len, reverse=True) if text.startswith(each, rest)), "")
    if not operator:
        raise _refusal(text, f"at letter {rest + 1} one of {' '.join(OPERATORS)} is missing")
    typed = text[rest + len(operator) :].strip()
    if typed[:1] in ("=", "!", "<", ">", "~"):
        raise _refusal(text, f"at letter {text.index(typed, rest + len(operator)) + 1} there is one operator too many")
    if not typed:
        raise _refusal(text, f"a value is missing at letter {len(text) + 1}")
    is_quoted = len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "'\""
    value = typed[1:-1] if is_quoted else typed
    return _checked(read_name(name), operator, value, None if is_quoted else number(value), text)


def _checked(of: Name, operator: str, value: str, figure: float | None, text: str) -> Condition:
    if of.kind is Kind.METRIC or of == Name(Kind.ATTRIBUTE, "seconds"):
        figure = figure if figure is not None else _not_finite(value)
        if figure is None:
            raise _refusal(text, f"{of.name} is a number, and {value!r} is none")
        if operator == "~":
            raise _refusal(text, f"{of.name} is a number: ~ is for texts")
    elif of == Name(Kind.ATTRIBUTE, "started"):
        if operator not in ("<", "<=", ">", ">="):
            raise _refusal(text, "times are compared with < <= > >=")
        figure = _milliseconds(value, text)
    elif of.kind is Kind.ATTRIBUTE:
        figure = None
        value = value.upper() if of.name == "status" and operator != "~" else value
    return Condition(of=of, operator=operator, value=value, number=figure, text=text)


def as_kind(condition: Condition, kind: Kind) -> Condition:
    """A bare name's condition, when it is known what the name is. Raises UsageError for a metric that is no number."""
    of = Name(kind, condition.of.name)
    return _checked(of, condition.operator, condition.value, condition.number, condition.text)


def number(text: str | None) -> float | None:
    """Finite numbers only: `nan` is a text here."""
    if text is None or "_" in text:
        return None
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def contains(text: str | None, part: str) -> bool:
    return text is not None and part.casefold() in text.casefold()


def is_searched(tag: str) -> bool:
    return tag in SEARCHED or not tag.startswith(_SYSTEMS)


def found_by(search: str, run: RunView) -> bool:
    """In name, experiment, parameters or tags, or at the beginning of the id; however it is capitalised."""
    return (
        run.id.startswith(search.lower())
        or any(contains(text, search) for text in (run.name, run.experiment, *run.params.values()))
        or any(contains(value, search) for key, value in run.tags.items() if is_searched(key))
    )


def holds(condition: Condition, run: RunView) -> bool:
    """A run without that metric, parameter or tag fits no condition on it."""
    of = condition.of
    assert of.kind is not Kind.ANY, "say what the name is: as_kind"
    if of.kind is Kind.METRIC:
        return of.name in run.metrics and _compared(run.metrics[of.name], condition.operator, condition.number)
    if of.kind is Kind.PARAM:
        return _text_fits(condition, run.params.get(of.name))
    if of.kind is Kind.TAG:
        return _text_fits(condition, run.tags.get(of.name))
    if of.name == "seconds":
        return run.seconds is not None and _compared(run.seconds, condition.operator, condition.number)
    if of.name == "started":
        began = run.started.timestamp() * 1000 if run.started is not None else None
        return began is not None and _compared(began, condition.operator, condition.number)
    return _text_fits(condition, getattr(run, of.name))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _compared(value: float, operator: str, wanted: float | None) -> bool:
    assert wanted is not None
    if math.isnan(value) or math.isnan(wanted):
        return math.isnan(wanted) and math.isnan(value) is (operator == "=") and operator in ("=", "!=")
    return _COMPARE[operator](value, wanted)


def _text_fits(condition: Condition, value: str | None) -> bool:
    if value is None:
        return False
    if condition.operator == "~":
        return contains(value, condition.value)
    if condition.number is not None:
        figure = number(value)
        return condition.operator == "!=" if figure is None else _COMPARE[condition.operator](figure, condition.number)
    return _COMPARE[condition.operator](value, condition.value)


def _not_finite(text: str) -> float | None:
    return {"nan": math.nan, "inf": LARGEST, "-inf": -LARGEST}.get(text.lower())


def _milliseconds(text: str, condition: str) -> float:
    try:
        return datetime.fromisoformat(text).astimezone().timestamp() * 1000
    except (ValueError, OverflowError, OSError):
        raise _refusal(condition, f"{text!r} is no time: 2026-01-31 or 2026-01-31T09:00") from None


def _refusal(text: str, why: str) -> UsageError:
    shown = " ".join(text.split())
    return UsageError(
        f"The filter {shown!r} cannot be read: {why}.",
        kind="filter-malformed",
        hint="For example: 'accuracy > 0.9', 'params.trees = 10', 'name ~ wine'.",
    )
