"""Verdicts on all columns at once, so that many columns do not make one of them look as if it had drifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from nbmlops.drift.column import Said
from nbmlops.drift.limits import Limits
from nbmlops.model.drift import ColumnDrift, Drift, Verdict

D = TypeVar("D", bound=Drift)
_ORDER = {verdict: place for place, verdict in enumerate(
    (Verdict.GONE, Verdict.CHANGED, Verdict.DRIFTED, Verdict.NEW, Verdict.STABLE, Verdict.TOO_FEW)
)}  # fmt: skip


def judge(said: Sequence[Said], limits: Limits) -> tuple[ColumnDrift, ...]:
    """The worst first. Corrected for all claims together as in Holm (1979)."""
    corrected = iter(holm([claim.p_value for each in said for claim in each.claims]))
    found = []
    for each in said:
        chances = [next(corrected) for _ in each.claims]
        pairs = sorted(
            zip(each.claims, chances, strict=True),
            key=lambda pair: -pair[0].measure.value / (pair[0].measure.limit or 1.0),
        )
        has_drifted = any(
            claim.measure.limit is not None and claim.measure.value >= claim.measure.limit and chance < limits.alpha
            for claim, chance in pairs
        )
        why = each.why
        if not has_drifted and pairs and pairs[0][0].measure.value >= (pairs[0][0].measure.limit or float("inf")):
            why += f"; over the limit, which may be chance (p = {pairs[0][1]:.2g})"
        found.append(
            ColumnDrift(
                name=each.name,
                kind=each.kind,
                verdict=each.verdict or (Verdict.DRIFTED if has_drifted else Verdict.STABLE),
                measures=(*(claim.measure for claim, _ in pairs), *each.told),
                p_value=min(chances, default=None),
                why=why,
                shape=each.shape,
            )
        )
    return tuple(sorted(found, key=lambda each: (_ORDER[each.verdict], -each.effect)))


def holm(p_values: Sequence[float]) -> list[float]:
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    found = [1.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        found[place] = highest
    return found


def weigh(drift: D, importance: Mapping[str, float]) -> D:
    """The same with each column's share of the model's answers: the columns that matter come first."""
    if not importance:
        return drift
    columns = [msgspec.structs.replace(each, importance=importance.get(each.name, 0.0)) for each in drift.columns]
    drifted = {each.name for each in drift.drifted}
    total = sum(each.importance or 0.0 for each in columns) or 1.0
    columns.sort(key=lambda each: (_ORDER[each.verdict], -(each.importance or 0.0) * max(each.effect, 1e-9)))
    share = sum(each.importance or 0.0 for each in columns if each.name in drifted) / total
    return msgspec.structs.replace(drift, columns=tuple(columns), weighted=share)
