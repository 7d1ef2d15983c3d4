"""What a model has to be before it is let through: a file of rules, and whether an evaluation keeps to them.

    metrics:
      accuracy: {min: 0.9}                            # over all rows
      log_loss: {max: 0.4}
    against:                                          # the other model, on the same rows
      accuracy: {min_change: 0.0, confidence: 0.95}   # better by at least that much, with that confidence
    slices: {max_loss: 0.05, max_gap: 0.2, min_rows: 50}
    latency_ms_per_1000: {max: 50}
    size_mb: {max: 100}

A change is an improvement, whichever way the metric counts. What cannot be told fails: a gate lets nothing through that
it has not seen.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.evaluate.metrics import CLASSIFICATION, LOWER_IS_BETTER, REGRESSION
from nbmlops.model.evaluation import Evaluation, Rule, Slice

METRICS, AGAINST, SLICES, LATENCY, SIZE = "metrics", "against", "slices", "latency_ms_per_1000", "size_mb"
RULES = (METRICS, AGAINST, SLICES, LATENCY, SIZE)
KNOWN = tuple(dict.fromkeys((*CLASSIFICATION, *REGRESSION)))
CONFIDENCE = 0.95
_MOST_BYTES = 64 << 10


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Of a metric, or of what the model costs."""

    name: str
    least: float | None = None
    most: float | None = None
    line: int = 1


class Change(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    least: float
    confidence: float = CONFIDENCE
    line: int = 1


class SliceRule(msgspec.Struct, frozen=True, kw_only=True):
    max_loss: float | None = None
    """How much worse than the other model a slice may be."""
    max_gap: float | None = None
    """How much worse than all rows."""
    min_rows: int | None = None
    metric: str = ""
    confidence: float | None = None
    """A loss counts where it is that sure; without, as it is measured."""
    line: int = 1


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    metrics: tuple[Bound, ...] = ()
    changes: tuple[Change, ...] = ()
    slices: SliceRule | None = None
    latency: Bound | None = None
    size: Bound | None = None

    @property
    def compares(self) -> bool:
        """It asks about another model."""
        return bool(self.changes) or (self.slices is not None and self.slices.max_loss is not None)


Improvement = Callable[[str, float], float | None]
"""Metric and confidence -> what the improvement on the other model is at least. None: it cannot be told."""
Loss = Callable[[Slice, float], float | None]
"""Slice and confidence -> what its loss is at least."""


def load(path: Path) -> Gate:
    """Raises NotFoundError; UsageError with the line for what is no gate."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        raise NotFoundError(
            f"There is no gate {path}.", kind="gate-missing", hint="Write one; docs/evaluate.md shows how."
        ) from None
    if len(data) > _MOST_BYTES:
        raise _refused(path.name, 1, f"it is larger than {_MOST_BYTES >> 10} KiB")
    return read(data.decode("utf-8", "replace"), place=path.name)


def read(text: str, *, place: str = "gate.yaml") -> Gate:
    """Raises UsageError with the line for what is no gate."""
    found = _parsed(text, place)
    if not found:
        raise _refused(place, 1, f"it has no rule; there are {', '.join(RULES)}")
    fields: dict[str, Any] = {}
    for rule, value in found.items():
        line = _line(found, rule)
        if rule not in RULES:
            raise _unknown(place, line, "rule", rule, RULES)
        if not isinstance(value, Mapping) or not value:
            raise _refused(place, line, f"{rule} is a mapping, as in {_EXAMPLES[str(rule)]}")
        if rule == METRICS:
            fields["metrics"] = tuple(_bound(name, each, place, at) for name, each, at in _of_metrics(value, place))
        elif rule == AGAINST:
            fields["changes"] = tuple(_change(name, each, place, at) for name, each, at in _of_metrics(value, place))
        elif rule == SLICES:
            fields["slices"] = _slice_rule(value, place, line)
        else:
            fields["latency" if rule == LATENCY else "size"] = _bound(str(rule), value, place, line, only="max")
    return Gate(place=place, **fields)


def decide(gate: Gate, found: Evaluation, improvement: Improvement, loss: Loss) -> tuple[Rule, ...]:
    """Each rule and whether it is met. Where there is no other model yet, what compares with it is met."""
    rules = [rule for bound in gate.metrics for rule in _on_metric(bound, found)]
    rules += [_on_change(change, found, improvement) for change in gate.changes]
    if gate.slices is not None:
        rules += _on_slices(gate.slices, found, loss)
    for bound, value, unit in (
        (gate.latency, found.model.milliseconds, "ms"),
        (gate.size, found.model.bytes / 1e6, "MB"),
    ):
        if bound is not None:
            rules += _bounded(bound, value, unit)
    return tuple(rules)


def _on_metric(bound: Bound, found: Evaluation) -> Iterator[Rule]:
    metric = found.metric(bound.name)
    yield from _bounded(bound, metric.value if metric is not None else None)


def _bounded(bound: Bound, value: float | None, unit: str = "") -> Iterator[Rule]:
    end = f" {unit}" if unit else ""
    for words, limit, sign in (("at least", bound.least, 1), ("at most", bound.most, -1)):
        if limit is None:
            continue
        is_kept = value is not None and sign * value >= sign * limit
        is_said = f"is {value:.4g}{end}" if value is not None else "is not known of these answers"
        why = f"{bound.name} {is_said}; it has to be {words} {limit:.4g}{end}."
        yield Rule(rule=f"{bound.name} {words}", value=value, limit=limit, passed=is_kept, why=why, line=bound.line)


def _on_change(change: Change, found: Evaluation, improvement: Improvement) -> Rule:
    rule = f"{change.metric} improves by"
    if found.against is None:
        return Rule(
            rule=rule, value=None, limit=change.least, passed=True, line=change.line,
            why="There is no model to compare with yet.",
        )  # fmt: skip
    least = improvement(change.metric, change.confidence)
    metric = found.metric(change.metric)
    if least is None or metric is None or metric.difference is None:
        why = f"{change.metric} of both models is not known of these answers."
    else:
        better = -metric.difference if change.metric in LOWER_IS_BETTER else metric.difference
        why = (
            f"{change.metric} improves by {better + 0.0:.4g}, with confidence {change.confidence:.3g} by at least "
            f"{least + 0.0:.4g}; that has to be {change.least:.4g} or more."
        )
    passed = least is not None and least >= change.least
    return Rule(rule=rule, value=least, limit=change.least, passed=passed, why=why, line=change.line)


def _on_slices(rule: SliceRule, found: Evaluation, loss: Loss) -> Iterator[Rule]:
    if rule.max_loss is not None:
        if found.against is None:
            yield Rule(
                rule="slices lose at most", value=None, limit=rule.max_loss, passed=True, line=rule.line,
                why="There is no model to compare with yet.",
            )  # fmt: skip
        else:
            confidence = rule.confidence
            known = [
                (each.loss if confidence is None else loss(each, confidence), each)
                for each in found.slices
                if confidence is None or (each.loss or 0.0) > rule.max_loss
            ]
            yield _worst("slices lose at most", known, rule.max_loss, rule.line, "than the other model")
    if rule.max_gap is not None:
        gaps = [(each.gap, each) for each in found.slices]
        yield _worst("slices below all at most", gaps, rule.max_gap, rule.line, "than all rows")


def _worst(rule: str, found: list[tuple[float | None, Slice]], limit: float, line: int, than: str) -> Rule:
    known = [(value, each) for value, each in found if value is not None]
    if not known:
        return Rule(rule=rule, value=None, limit=limit, passed=True, line=line, why="No slice is worse by more.")
    value, worst = max(known, key=lambda pair: pair[0])
    why = (
        f"{worst.metric} where {worst.column} is {worst.value} ({worst.rows} rows) is worse by {value:.4g} {than}; "
        f"that may be {limit:.4g}."
    )
    return Rule(rule=rule, value=value, limit=limit, passed=value <= limit, why=why, line=line)


def _parsed(text: str, place: str) -> Mapping[Any, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        found = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(str(error.problem or error.context).split())
        raise _refused(place, mark.line + 1 if mark is not None else 1, f"it is no YAML: {why}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise _refused(place, 1, f"it is no YAML: {' '.join(str(error).split())[:200]}") from error
    if found is not None and not isinstance(found, CommentedMap):
        raise _refused(place, 1, "it is no list of rules")
    return found or {}


def _of_metrics(value: Mapping[Any, Any], place: str) -> Iterator[tuple[str, Any, int]]:
    for name, each in value.items():
        line = _line(value, name)
        if name not in KNOWN:
            raise _unknown(place, line, "metric", name, KNOWN)
        yield str(name), each, line


def _bound(name: str, value: Any, place: str, line: int, *, only: str = "") -> Bound:
    keys = (only,) if only else ("min", "max")
    found = _numbers(value, place, line, name, keys)
    return Bound(name=name, least=found.get("min"), most=found.get("max"), line=line)


def _change(name: str, value: Any, place: str, line: int) -> Change:
    found = _numbers(value, place, line, name, ("min_change", "confidence"))
    if "min_change" not in found:
        raise _refused(place, line, f"{name} says no min_change")
    return Change(
        metric=name, least=found["min_change"], confidence=_confidence(found, place, line) or CONFIDENCE, line=line
    )


def _slice_rule(value: Mapping[Any, Any], place: str, line: int) -> SliceRule:
    metric = value.get("metric", "")
    if metric and metric not in KNOWN:
        raise _unknown(place, _line(value, "metric"), "metric", metric, KNOWN)
    known = ("max_loss", "max_gap", "min_rows", "confidence", "metric")
    found = _numbers(value, place, line, SLICES, known, but="metric")
    rows = found.get("min_rows")
    if rows is not None and (rows < 1 or rows != int(rows)):
        raise _refused(place, _line(value, "min_rows"), "min_rows is a number of rows")
    if "max_loss" not in found and "max_gap" not in found:
        raise _refused(place, line, "slices says neither max_loss nor max_gap")
    return SliceRule(
        max_loss=found.get("max_loss"),
        max_gap=found.get("max_gap"),
        min_rows=int(rows) if rows is not None else None,
        metric=str(metric),
        confidence=_confidence(found, place, line),
        line=line,
    )


def _confidence(found: Mapping[str, float], place: str, line: int) -> float | None:
    value = found.get("confidence")
    if value is not None and not 0.5 <= value < 1:
        raise _refused(place, line, "confidence lies between 0.5 and 1, as 0.95")
    return value


def _numbers(
    value: Any, place: str, line: int, name: str, known: tuple[str, ...], *, but: str = ""
) -> dict[str, float]:
    if not isinstance(value, Mapping) or not value:
        raise _refused(place, line, f"{name} is a mapping with {' or '.join(known)}")
    found = {}
    for key, number in value.items():
        at = _line(value, key)
        if key not in known:
            raise _unknown(place, at, f"word for {name}", key, known)
        if key == but:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise _refused(place, at, f"{key} of {name} is a number")
        found[str(key)] = float(number)
    return found


def _line(value: Mapping[Any, Any], key: Any) -> int:
    return int(value.lc.key(key)[0]) + 1  # type: ignore[attr-defined]


def _unknown(place: str, line: int, what: str, name: Any, known: tuple[str, ...]) -> UsageError:
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"do you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    return _refused(place, line, f"there is no {what} {str(name)[:60]!r}; {hint}")


def _refused(place: str, line: int, why: str) -> UsageError:
    return UsageError(
        f"{place}:{line}: {re.sub(r'[.]$', '', why)}{'' if why.endswith('?') else '.'}",
        kind="gate-malformed",
        place=place,
        line=line,
    )


_EXAMPLES = {
    METRICS: "accuracy: {min: 0.9}",
    AGAINST: "accuracy: {min_change: 0.0, confidence: 0.95}",
    SLICES: "{max_loss: 0.05, min_rows: 50}",
    LATENCY: "{max: 50}",
    SIZE: "{max: 100}",
}
