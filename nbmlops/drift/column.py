"""What can be said of one column: its measures, each with what chance says of it, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np

from nbmlops.drift import categories, numbers
from nbmlops.drift.limits import Limits
from nbmlops.drift.side import Side
from nbmlops.errors import ExternalError
from nbmlops.model.drift import Measure, Shape, Verdict
from nbmlops.model.profile import Categories, Kind, Numbers
from nbmlops.ports import DriftCheck


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A measure that reaches its limit makes a column one that has drifted, unless chance explains it."""

    measure: Measure
    p_value: float = 1.0


class Said(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    claims: tuple[Claim, ...] = ()
    told: tuple[Measure, ...] = ()
    """Measures that decide nothing."""
    why: str = ""
    shape: Shape | None = None
    verdict: Verdict | None = None
    """Where the measures do not matter."""


def said_of(name: str, before: Side, now: Side, limits: Limits, checks: Sequence[DriftCheck] = ()) -> Said:
    kind = _kind(before, now)
    if before.rows < limits.min_rows or now.rows < limits.min_rows:
        few = f"{min(before.rows, now.rows)} rows; from {limits.min_rows} on something can be said"
        return Said(name=name, kind=kind, verdict=Verdict.TOO_FEW, why=few)
    if before.kind == "empty" and now.kind != "empty":
        return Said(name=name, kind=kind, verdict=Verdict.CHANGED, why="the reference has no values of it")
    if now.kind != "empty" and _family(before.kind) != _family(now.kind):
        return Said(name=name, kind=before.kind, verdict=Verdict.CHANGED, why=f"{now.kind}, was {before.kind}")
    lost = _missing(before, now, limits)
    if now.kind == "empty" or min(before.known, now.known) < limits.min_rows:
        return Said(name=name, kind=kind, claims=lost[0], why=lost[1])
    match kind:
        case "number" | "datetime":
            found = _numbers(name, kind, before, now, limits)
        case "text":
            found = _texts(name, before, now, limits)
        case _:
            found = _categories(name, before, now, limits)
    why = "; ".join(each for each in (found.why, lost[1]) if each)
    more = _checked(name, kind, before, now, checks)
    return msgspec.structs.replace(found, claims=(*found.claims, *lost[0], *more), why=why)


def _checked(name: str, kind: Kind, before: Side, now: Side, checks: Sequence[DriftCheck]) -> tuple[Claim, ...]:
    """What plug-ins say. Raises ExternalError for one that fails."""
    if before.values is None or now.values is None or not len(before.values) or not len(now.values):
        return ()
    found = []
    for check in checks:
        if not check.takes(kind):
            continue
        one, other = (
            each.values if isinstance(each.values, np.ndarray) else each.values.to_pylist() for each in (before, now)
        )
        try:
            measure = check.measure(one, other)
        except Exception as error:
            raise ExternalError(
                f"The drift check {check.name} fails at column {name}: {type(error).__name__}: {error}.",
                kind="plugin-failed",
                hint="Leave it out, or tell whoever made it.",
            ) from error
        if measure is not None:
            # What chance says is the check's own matter.
            found.append(Claim(measure=measure, p_value=0.0))
    return tuple(found)


def _kind(before: Side, now: Side) -> Kind:
    if "text" in (before.kind, now.kind) and before.texts is not None and now.texts is not None:
        return "text"
    kind = before.kind if before.kind != "empty" else now.kind
    return "category" if kind == "text" else kind


def _family(kind: Kind) -> Kind:
    return "category" if kind == "text" else kind


def _missing(before: Side, now: Side, limits: Limits) -> tuple[tuple[Claim, ...], str]:
    claims, told = [], []
    for name, counts in (("missing", (before.missing, now.missing)), ("infinite", (before.infinite, now.infinite))):
        if not any(counts):
            continue
        first, second = counts[0] / before.rows, counts[1] / now.rows
        chi2, freedom = numbers.chi2_of(
            np.array([counts[0], before.rows - counts[0]]), np.array([counts[1], now.rows - counts[1]])
        )
        measure = Measure(name=name, value=abs(second - first), limit=limits.missing)
        claims.append(Claim(measure=measure, p_value=numbers.chi2_p_value(chi2, freedom)))
        if abs(second - first) >= limits.missing / 4:
            told.append(f"{name} {_percent(second)}, was {_percent(first)}")
    return tuple(claims), "; ".join(told)


def _numbers(name: str, kind: Kind, before: Side, now: Side, limits: Limits) -> Said:
    if before.values is not None and now.values is not None:
        if not len(before.values) or not len(now.values):
            return Said(name=name, kind=kind, why="no finite values")
        found = numbers.exact(before.values, now.values)
        first, second = _moments(before.values), _moments(now.values)
    else:
        one, other = profiled(before), profiled(now)
        if one is None or other is None:
            return Said(name=name, kind=kind, why="no finite values")
        found = numbers.of_profiles(one, other)
        first, second = (one.mean, one.deviation), (other.mean, other.deviation)
    scale = first[1] or second[1] or 1.0
    told = (
        Measure(name="wasserstein", value=found.wasserstein / scale),
        Measure(name="js", value=found.js),
    )
    if kind == "datetime":
        why = f"about {_day(second[0])}, was {_day(first[0])}"
        measures = (Measure(name="ks", value=found.ks), Measure(name="psi", value=found.psi))
        # Time goes on: that is no drift.
        return Said(name=name, kind=kind, told=measures, why=why, shape=found.shape)
    chance = numbers.chi2_p_value(found.chi2, found.freedom)
    claims = (
        Claim(measure=Measure(name="psi", value=found.psi, limit=limits.psi), p_value=chance),
        Claim(
            measure=Measure(name="ks", value=found.ks, limit=limits.ks),
            p_value=numbers.ks_p_value(found.ks, found.rows),
        ),
    )
    shift = (second[0] - first[0]) / scale
    why = f"mean {second[0]:.4g}, was {first[0]:.4g} ({shift:+.2f} deviations)"
    if first[1] and not 0.8 <= second[1] / first[1] <= 1.25:
        why += f"; {second[1] / first[1]:.2f} times as spread"
    return Said(name=name, kind=kind, claims=claims, told=told, why=why, shape=found.shape)


def _categories(name: str, before: Side, now: Side, limits: Limits) -> Said:
    one, other = before.categories or Categories(counts={}), now.categories or Categories(counts={})
    found = categories.measures(one, other)
    chance = numbers.chi2_p_value(found.chi2, found.freedom)
    claims = [Claim(measure=Measure(name="psi", value=found.psi, limit=limits.psi), p_value=chance)]
    if found.new_share:
        claims.append(Claim(measure=Measure(name="new", value=found.new_share, limit=limits.new), p_value=chance))
    told = (Measure(name="cramers_v", value=found.cramers_v), Measure(name="js", value=found.js))
    return Said(
        name=name,
        kind="category",
        claims=tuple(claims),
        told=told,
        why=_moved(one, other, found),
        shape=found.shape,
    )


def _texts(name: str, before: Side, now: Side, limits: Limits) -> Said:
    assert before.texts is not None
    assert now.texts is not None
    lengths = numbers.of_profiles(before.texts.lengths, now.texts.lengths)
    words = categories.measures(before.texts.words, now.texts.words)
    claims = (
        Claim(
            measure=Measure(name="words", value=words.js, limit=limits.words),
            p_value=numbers.chi2_p_value(words.chi2, words.freedom),
        ),
        Claim(
            measure=Measure(name="length", value=lengths.ks, limit=limits.ks),
            p_value=numbers.ks_p_value(lengths.ks, lengths.rows),
        ),
    )
    told = (Measure(name="new_words", value=words.new_share),)
    why = f"{now.texts.lengths.mean:.0f} characters on average, was {before.texts.lengths.mean:.0f}"
    if words.new:
        why += f"; new words: {', '.join(words.new[:3])}"
    return Said(name=name, kind="text", claims=claims, told=told, why=why, shape=words.shape)


def _moved(before: Categories, now: Categories, found: categories.CategoryMeasures) -> str:
    """The name whose share has moved most, and the new ones."""
    rows = [max(1, each) for each in found.rows]
    moves = {
        name: now.counts.get(name, 0) / rows[1] - before.counts.get(name, 0) / rows[0]
        for name in (*before.counts, *now.counts)
    }
    told = []
    if moves:
        name = max(moves, key=lambda each: abs(moves[each]))
        shares = now.counts.get(name, 0) / rows[1], before.counts.get(name, 0) / rows[0]
        told.append(f"{name} {_percent(shares[0])}, was {_percent(shares[1])}")
    if found.new:
        told.append(f"new: {', '.join(found.new[:3])} ({_percent(found.new_share)} of rows)")
    return "; ".join(told)


def profiled(side: Side) -> Numbers | None:
    """A side's numbers as a profile."""
    if side.numbers is not None or side.values is None or not len(side.values):
        return side.numbers
    from nbmlops.profile.sketch import NumberSketch

    sketch = NumberSketch()
    sketch.add(side.values)
    return sketch.numbers()


def _moments(values: numbers.Floats) -> tuple[float, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.mean()), float(values.std())


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _day(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.4g} s after 1970"
