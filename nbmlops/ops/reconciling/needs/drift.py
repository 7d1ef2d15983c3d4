"""drift: columns of what is asked of a deployment are no longer as the model has learnt them."""

from __future__ import annotations

import math

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.needs.deployed import Looked, looked, replaced
from nbmlops.ops.reconciling.observing import Observing

_MOST_TOLD = 3
_ROUNDING = 1e-9


def observe(look: Observing, need: NeedSpec) -> Reason:
    """`columns` or a `share` of those that are looked at, by default one; `over`: so many times their limit."""
    found = looked(look, str(need.options["deployment"]))
    if (no := replaced(look, need, found.revision)) is not None:
        return no
    if found.window is None:
        why = f"nothing of {found.name} was compared yet: there are too few requests"
        return Reason(need=need.need, holds=False, why=why)
    wanted = need.options.get("of")
    asked = {name: ratio for name, ratio in found.window.drift.items() if wanted is None or name in wanted}
    over = need.options.get("over")
    drifted = [name for name in asked if (name in found.window.drifted if over is None else asked[name] >= float(over))]
    least = int(need.options.get("columns", 1))
    if "share" in need.options:
        least = max(least, 1, math.ceil(float(need.options["share"]) * len(asked) - _ROUNDING))
    drifted.sort(key=lambda name: -asked[name])
    if len(drifted) < least:
        why = f"{len(drifted)} of {len(asked)} columns of {found.name} {'has' if len(drifted) == 1 else 'have'} drifted"
        return Reason(need=need.need, holds=False, why=f"{why}, {least} would be enough")
    return Reason(need=need.need, holds=True, why=_told(found, drifted, asked), key=f"drift:{found.key}")


def _told(found: Looked, drifted: list[str], asked: dict[str, float]) -> str:
    told = []
    for name in drifted[:_MOST_TOLD]:
        finding = next(
            (each for each in found.findings if each.kind == "drift" and _column(each.subject) == name), None
        )
        told.append(finding.message.rstrip(".") if finding else f"{name} is {asked[name]:.2g} times over its limit")
    more = f"; and {len(drifted) - _MOST_TOLD} more" if len(drifted) > _MOST_TOLD else ""
    return "; ".join(told) + more


def _column(subject: str) -> str:
    return subject.rpartition(" (revision ")[0] or subject
