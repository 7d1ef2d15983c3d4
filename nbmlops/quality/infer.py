"""A contract that a table keeps, guessed from the table: a draft for whoever knows what the columns mean.

Ranges are widened by a twentieth of their width on either side, since the next table will not end where this one does;
what is a bound by nature (no negative numbers, shares up to 1) stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbmlops.model.contract import OF_VALUES, Column, Contract, Rule, RuleKind, Type
from nbmlops.quality.frames import Columns
from nbmlops.quality.seen import Array, Seen
from nbmlops.quality.typed import moments_of, numbers_of, text_of
from nbmlops.quality.values import broken

WIDER = 0.05
"""Of the width of a range, on either side."""
MOST_CATEGORIES = 30
LEAST_PER_CATEGORY = 5
"""Rows for each category, else the values are no categories."""
LEAST_UNIQUE = 30
"""Rows from which on different values are taken for a rule."""
_LARGEST_WHOLE = 2**53
_FIRST, _LAST = np.datetime64("0002-01-01", "D"), np.datetime64("9999-01-01", "D")
"""What Python has a date for."""


def infer(table: Any, *, place: str = "") -> Contract:
    """Of a DataFrame. The table keeps it, whatever is in it."""
    columns: dict[str, Column] = {}
    by_place = Columns(table)
    for number in range(table.shape[1]):
        name = str(table.columns[number])
        if name not in columns:
            columns[name] = _column(name, number, by_place)
    return Contract(columns=tuple(columns.values()), place=place, note=f"Inferred from {place}." if place else "")


def _column(name: str, place: int, by_place: Columns) -> Column:
    seen = by_place.seen(place)
    type_ = _type(seen)
    if type_ is Type.TEXT and seen.codes is not None and _are_moments(seen):
        type_ = Type.DATETIME
    if type_ is Type.DATETIME and seen.what == "text":
        seen = by_place.seen(place, type_)
    rules = [Rule(kind=RuleKind.PRESENT, columns=(name,))]
    notes: list[str] = []
    if type_ is not None:
        rules.append(Rule(kind=RuleKind.TYPE, columns=(name,), value=str(type_)))
    missing = _missing(name, seen)
    rules.append(missing)
    if missing.share:
        notes.append(f"{seen.rows - seen.count:,} of {seen.rows:,} are missing")
    if seen.what == "number" and type_ is not None:
        if type_ is Type.NUMBER:
            finite = Rule(kind=RuleKind.FINITE, columns=(name,))
            if broken(finite, seen) is None:
                rules.append(finite)
            else:
                notes.append("has infinite values")
        ranged, note = _range(name, seen, type_)
        rules += ranged
        notes += [note] if note else []
    elif seen.what == "moment":
        values = _present(seen)
        if _FIRST <= values.min() <= _LAST:
            rules.append(Rule(kind=RuleKind.MIN, columns=(name,), value=_text_of_moment(values.min(), -1)))
        notes.append(
            f"from {_text_of_moment(values.min())} to {_text_of_moment(values.max())} so far; no latest is asked"
        )
        if seen.zone == "aware":
            rules.append(Rule(kind=RuleKind.ZONE, columns=(name,), value=seen.zone))
    elif seen.what == "text":
        textual, note = _texts(name, seen, type_)
        type_ = Type.CATEGORY if any(each.kind is RuleKind.CATEGORIES for each in textual) else type_
        rules = [each if each.kind is not RuleKind.TYPE else _of_type(name, type_) for each in rules] + textual
        notes += [note] if note else []
    if _is_unique(by_place.series, place, seen, type_):
        rules.append(Rule(kind=RuleKind.UNIQUE, columns=(name,), value=True))
        notes.append(f"all {seen.count:,} values differ")
    if seen.what == "empty":
        notes.append("nothing is known of it: all values are missing")
    # What the column itself breaks (as one that holds odd values may) is no rule of its.
    kept = tuple(each for each in rules if _is_kept(each, seen))
    if not any(each.kind is RuleKind.TYPE for each in kept):
        type_ = None
    return Column(name=name, type=type_, rules=kept, note="; ".join(notes))


def _is_kept(rule: Rule, seen: Seen) -> bool:
    if rule.kind not in OF_VALUES:
        return True
    rows = broken(rule, seen)
    return rows is None or int(rows.sum()) <= rule.share * seen.rows


def _of_type(name: str, type_: Type | None) -> Rule:
    return Rule(kind=RuleKind.TYPE, columns=(name,), value=str(type_))


def _type(seen: Seen) -> Type | None:
    match seen.what:
        case "boolean":
            return Type.BOOLEAN
        case "number":
            values = seen.values if seen.missing is None or seen.codes is not None else seen.values[~seen.missing]
            if values.dtype.kind in "iu":
                return Type.INTEGER
            with np.errstate(invalid="ignore"):
                is_whole = (np.abs(values) <= _LARGEST_WHOLE).all() and (values == np.floor(values)).all()
            # A column of floats is one of integers only where gaps have made it one.
            return Type.INTEGER if is_whole and seen.missing is not None else Type.NUMBER
        case "moment":
            return Type.DATETIME
        case "text":
            return Type.TEXT
    return None


def _are_moments(seen: Seen) -> bool:
    """Dates that a file has as text: long enough to be meant so."""
    texts = seen.values
    if not len(texts) or any(len(each) < 8 or len(each) > 40 for each in texts[:1000]):
        return False
    if np.isnat(moments_of(texts[:100])).any() or not np.isnan(numbers_of(texts[:100])).all():
        return False
    return not np.isnat(moments_of(texts)).any()


def _missing(name: str, seen: Seen) -> Rule:
    gaps = seen.rows - seen.count
    if not gaps:
        return Rule(kind=RuleKind.MISSING, columns=(name,))
    share = gaps / seen.rows
    # One more deviation of what chance makes of such a share, and a tenth.
    wider = min(1.0, share * 1.1 + 2 * (share * (1 - share) / seen.rows) ** 0.5)
    return Rule(kind=RuleKind.MISSING, columns=(name,), share=min(1.0, round(wider + 0.0005, 3)))


def _range(name: str, seen: Seen, type_: Type) -> tuple[list[Rule], str]:
    values = _present(seen)
    values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not len(values):
        return [], ""
    if values.min() == values.max():
        return [], f"it is always {values[0]} here; no range is asked"
    low, high = values.min().item(), values.max().item()
    is_whole = type_ is Type.INTEGER
    wider = (high - low) * WIDER
    least, most = low - wider, high + wider
    if max(abs(low), abs(high)) > _LARGEST_WHOLE:
        least, most = low, high
    least = 0 if low >= 0 > least else least
    most = 1 if high <= 1 < most and low >= 0 and not is_whole else most
    bounds = (_rounded(least, low, -1, is_whole), _rounded(most, high, 1, is_whole))
    note = f"from {_short(low)} to {_short(high)} here, widened by {100 * WIDER:g} % of that on either side"
    return [
        Rule(kind=kind, columns=(name,), value=value)
        for kind, value in zip((RuleKind.MIN, RuleKind.MAX), bounds, strict=True)
    ], note


def _rounded(value: Any, seen: Any, sign: int, is_whole: bool) -> Any:
    """To three digits, outwards: never so that it leaves out what is there."""
    if is_whole:
        found = int(np.floor(value)) if sign < 0 and isinstance(value, float) else value
        found = int(np.ceil(found)) if isinstance(found, float) else int(found)
        return min(found, int(seen)) if sign < 0 else max(found, int(seen))
    found = float(f"{value:.3g}")
    if not np.isfinite(found) or ((found > seen) if sign < 0 else (found < seen)):
        found = float(value)
    return found if (found <= seen if sign < 0 else found >= seen) else float(seen)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _texts(name: str, seen: Seen, type_: Type | None) -> tuple[list[Rule], str]:
    counts = _counts(seen)
    if 0 < len(counts) <= MOST_CATEGORIES and seen.count >= LEAST_PER_CATEGORY * len(counts):
        values = tuple(sorted(text_of(each) for each in counts))
        return [
            Rule(kind=RuleKind.CATEGORIES, columns=(name,), value=values)
        ], "a new category breaks it; `new: 0.01` allows some"
    longest = max((len(each) for each in counts), default=0)
    return [
        Rule(kind=RuleKind.MAX_LENGTH, columns=(name,), value=_next_size(longest))
    ], f"{len(counts):,} different texts, the longest of {longest:,} characters"


def _counts(seen: Seen) -> set[str]:
    if seen.codes is not None:
        return set(seen.values[np.unique(seen.codes[seen.codes >= 0])].tolist())
    return set(_present(seen).tolist())


def _next_size(longest: int) -> int:
    size = 10
    while size < longest * 1.2:
        size *= 2
    return size


def _is_unique(series_at: Callable[[int], Any], place: int, seen: Seen, type_: Type | None) -> bool:
    """Figures are different by nature, and need not stay so."""
    if seen.count < LEAST_UNIQUE or type_ not in (Type.INTEGER, Type.TEXT, Type.DATETIME):
        return False
    if seen.codes is not None and len(seen.values) < seen.count:
        return False
    series = series_at(place)
    known = series[series.notna()]
    try:
        return bool(known.is_unique)
    except TypeError:
        return False


def _present(seen: Seen) -> Array:
    values = seen.row_values()
    return values if seen.missing is None else values[~seen.missing]


def _text_of_moment(value: np.datetime64, sign: int = 0) -> str:
    """The day; before or after it with a `sign`."""
    day = value.astype("datetime64[D]") + np.timedelta64(sign, "D")
    return str(day)
