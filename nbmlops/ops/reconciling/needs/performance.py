"""performance: a deployment answers less well than it has to, by labels, or by what is expected without them."""

from __future__ import annotations

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.needs.deployed import Looked, looked, replaced
from nbmlops.ops.reconciling.observing import Observing


def observe(look: Observing, need: NeedSpec) -> Reason:
    found = looked(look, str(need.options["deployment"]))
    if (no := replaced(look, need, found.revision)) is not None:
        return no
    metric = str(need.options["metric"])
    value, how = _value(found, metric)
    if value is None:
        return Reason(
            need=need.need, holds=None, why=f"{metric} of {found.name} is not known: there are too few labels"
        )
    below, above = need.options.get("below"), need.options.get("above")
    holds = value < float(below) if below is not None else value > float(above or 0.0)
    limit, word = (below, "below") if below is not None else (above, "above")
    why = f"{metric} of {found.name} is {how}{value:.4g}, {'' if holds else 'not '}{word} {limit:.4g}"
    return Reason(need=need.need, holds=holds, why=why, key=f"performance:{found.key}" if holds else "")


def _value(found: Looked, metric: str) -> tuple[float | None, str]:
    if found.performance is None:
        return None, ""
    if (measured := found.performance.metric(metric)) is not None:
        return measured.value, ""
    expected = next((each for each in found.performance.estimates if each.name == metric), None)
    return (expected.value, "expected to be ") if expected is not None else (None, "")
