"""The idempotency key of an attempt: what is wanted, of what it would be made, and after which attempt."""

from __future__ import annotations

from typing import Any

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.reconciler import Kind, Memory, Reason, Reconciler
from nbmlops.reconcile.world import Seen


def key_of(spec: Reconciler, seen: Seen, memory: Memory) -> str:
    """The same as long as nothing that matters is another. How often it is looked at and what holds it back is no part
    of it; that an attempt before has done away with the need is: what is needed afterwards is needed anew.
    """
    made_of: dict[str, Any]
    if spec.kind == Kind.DEPLOYER:
        made_of = {
            "wanted": seen.desired,
            "deployment": spec.deployment,
            "options": spec.deployment_options,
            "inputs": seen.inputs,
        }
    else:
        made_of = {
            "wanted": sorted(wanted(seen.reason)) if seen.reason is not None else [],
            "model": spec.model,
            "pipeline": spec.pipeline,
            "parameters": parameters_of(spec, seen.reason),
            "gate": spec.gate,
            "inputs": seen.inputs,
        }
    whole = {"kind": spec.kind, "name": spec.name, "after": memory.settled, **made_of}
    return digest_bytes(canonical_json(whole))


def wanted(reason: Reason) -> set[str]:
    """Which needs hold, each with what makes it this one. `any` and `all` only hold them together."""
    if reason.holds is not True:
        return set()
    if reason.parts:
        return {each for part in reason.parts for each in wanted(part)}
    return {f"{reason.need}={reason.key}"}


def parameters_of(spec: Reconciler, reason: Reason | None) -> dict[str, Any]:
    """The pipeline's. What a need gives goes where the document names it, else to the parameter of the same name; one
    whose need gave nothing is left to the pipeline.
    """
    given = told(reason) if reason is not None else {}
    found: dict[str, Any] = {}
    taken = set()
    for name, value in spec.parameters.items():
        if isinstance(value, dict) and set(value) == {"from"}:
            source = str(value["from"])
            taken.add(source)
            if source in given:
                found[name] = given[source]
        else:
            found[name] = value
    # A parameter without a name would be one of nobody's.
    return {name: value for name, value in given.items() if name and name not in taken and name not in found} | found


def told(reason: Reason) -> dict[str, str]:
    """Parameters of all needs that hold; the first that gives one counts."""
    if reason.holds is not True:
        return {}
    found: dict[str, str] = {}
    for part in reason.parts:
        found = {**told(part), **found}
    return {**found, **reason.parameters}
