"""Which rows break a rule about one column. Nothing here needs pandas: the service's door asks it too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from nbmlops.model.contract import Rule, RuleKind, Type
from nbmlops.quality import patterns
from nbmlops.quality.seen import Array, Seen


def broken(rule: Rule, seen: Seen) -> Array | None:
    """By row; None where no row breaks it. The column is read as the contract's type (`typed`)."""
    if rule.kind is RuleKind.TYPE:
        return _of_type(rule, seen)
    if rule.kind is RuleKind.MISSING:
        return _gaps(seen)
    if not len(seen.values) or seen.what == "empty":
        return None
    match rule.kind:
        case RuleKind.FINITE:
            return _by_row(np.isinf(seen.values), seen) if _is_floating(seen) else None
        case RuleKind.MIN | RuleKind.MAX:
            return _out_of_range(rule, seen)
        case RuleKind.MIN_LENGTH | RuleKind.MAX_LENGTH if seen.what == "text":
            lengths = np.array([len(each) if isinstance(each, str) else 0 for each in seen.values.tolist()], np.int64)
            return _by_row(lengths < rule.value if rule.kind is RuleKind.MIN_LENGTH else lengths > rule.value, seen)
        case RuleKind.CATEGORIES:
            known = frozenset(rule.value)
            return _by_row(np.array([each not in known for each in seen.values.tolist()], bool), seen)
        case RuleKind.PATTERN if seen.what == "text":
            return _by_row(~patterns.matches(seen.values.tolist(), str(rule.value)), seen)
    return None


def as_moment(text: str) -> np.datetime64:
    """In UTC."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(found, "us")


def _of_type(rule: Rule, seen: Seen) -> Array | None:
    if rule.value != Type.INTEGER or seen.what != "number" or not _is_floating(seen):
        return seen.odd
    values = seen.values
    with np.errstate(invalid="ignore"):
        fractions = _by_row(np.isinf(values) | (values != np.floor(values)), seen)
    if fractions is None:
        return seen.odd
    return fractions if seen.odd is None else fractions | seen.odd


def _gaps(seen: Seen) -> Array | None:
    """What is there and of another type is not missing."""
    if seen.missing is None:
        return None
    found: Array = seen.missing if seen.odd is None else seen.missing & ~seen.odd
    return found if found.any() else None


def _out_of_range(rule: Rule, seen: Seen) -> Array | None:
    limit: Any = rule.value
    if isinstance(limit, str):
        if seen.what != "moment":
            return None
        limit = as_moment(limit)
    elif seen.what != "number":
        return None
    with np.errstate(invalid="ignore"):
        return _by_row(seen.values < limit if rule.kind is RuleKind.MIN else seen.values > limit, seen)


def _by_row(found: Array, seen: Seen) -> Array | None:
    if not found.any():
        return None
    rows = seen.by_row(found)
    return rows if rows.any() else None


def _is_floating(seen: Seen) -> bool:
    return seen.what == "number" and seen.values.dtype.kind == "f"
