"""`judge` of the real world: the gate. What is decided is kept with the version, with its numbers."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nbmlops.model.certificate import Verdict as Proof
from nbmlops.model.evaluation import Metric
from nbmlops.model.reconciler import Attempt, GateSpec, Reconciler
from nbmlops.ops import evaluate, validate
from nbmlops.ops.call import Call
from nbmlops.ops.evaluated_model import find_candidate
from nbmlops.pipeline.folder import read_certificate
from nbmlops.reconcile.world import Told, Verdict
from nbmlops.track import edit
from nbmlops.track.registry import version_of

CHALLENGER = "challenger"
_MOST_TAG = 4000
_MOST_NAMED = 5


def judge(call: Call, spec: Reconciler, attempt: Attempt, told: Told) -> Verdict:
    """Raises what `evaluate` and `validate` raise: then nothing is decided, and it is tried again."""
    if spec.gate is None:
        return Verdict(passed=True, why="no gate is asked for")
    uri = call.project.prepare_tracking()
    found = _refused(call, spec, spec.gate, attempt) or _evaluated(call, spec, spec.gate, attempt, told)
    verdict = "passed" if found.passed else "refused"
    edit.tag_version(
        uri,
        spec.model,
        attempt.version,
        {"nbmlops.gate": f"{verdict}: {found.why}"[:_MOST_TAG], "nbmlops.reconciler": spec.name},
    )
    if found.passed:
        edit.set_alias(uri, spec.model, CHALLENGER, attempt.version)
    return found


def _refused(call: Call, spec: Reconciler, gate: GateSpec, attempt: Attempt) -> Verdict | None:
    """For what can be told without asking the model."""
    if gate.is_certified:
        certificate = read_certificate(call.project.root / spec.pipeline)
        if certificate is None or certificate.verdict is not Proof.EQUIVALENT:
            said = certificate.verdict.value if certificate is not None else "none"
            return Verdict(
                passed=False, why=f"the certificate of {spec.pipeline} is {said}, not {Proof.EQUIVALENT.value}"
            )
    if gate.contract:
        checked = validate.validate(call, validate.Request(data=gate.data, schema=gate.contract, no_fail=True))
        if checked.errors:
            rules = len(checked.errors)
            why = f"{gate.data} breaks {gate.contract}: {rules} {'rule is' if rules == 1 else 'rules are'} not kept"
            return Verdict(passed=False, why=why)
    if gate.is_alike and (why := _otherwise(call, spec, gate, attempt)):
        return Verdict(passed=False, why=why)
    return None


def _otherwise(call: Call, spec: Reconciler, gate: GateSpec, attempt: Attempt) -> str:
    """What it takes otherwise than the champion; empty: nothing, or there is no champion yet."""
    champion = version_of(call.project.prepare_tracking(), f"models:/{spec.model}@{gate.against}")
    if champion is None:
        return ""
    before, now = (_taken(call, f"models:/{spec.model}/{each}") for each in (champion, attempt.version))
    if not now:
        return f"version {attempt.version} does not say by a signature which columns it takes"
    if not before or before == now:
        return ""
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return f"version {attempt.version} takes otherwise than version {champion}: {', '.join(changed[:_MOST_NAMED])}"


def _taken(call: Call, address: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="nbmlops-gate-") as name:
        columns = find_candidate(call, address, Path(name)).columns
        return {each.name: f"{each.kind} {each.is_optional}" for each in columns}


def _evaluated(call: Call, spec: Reconciler, gate: GateSpec, attempt: Attempt, told: Told) -> Verdict:
    if not gate.data:
        return Verdict(passed=True, why="all that the gate asks for is so")
    told(f"evaluating version {attempt.version}")
    request = evaluate.Request(
        ref=f"models:/{spec.model}/{attempt.version}",
        data=gate.data,
        target=gate.target,
        against=_against(call, spec, gate),
        gate=gate.file,
        model=spec.model,
    )
    found = evaluate.evaluated(call, request, may_be_first=True)
    broken = [rule.why.rstrip(".") for rule in found.gate if not rule.passed]
    kept = "; ".join(rule.why.rstrip(".") for rule in found.gate) or "it has no rules"
    return Verdict(
        passed=found.passed is not False,
        why="; ".join(broken) if broken else kept,
        table=table(found.metrics, is_compared=found.against is not None),
    )


def _against(call: Call, spec: Reconciler, gate: GateSpec) -> str:
    """The version that has the alias now: the alias may move while it is compared with."""
    version = version_of(call.project.uri, f"models:/{spec.model}@{gate.against}") if gate.against else None
    return f"models:/{spec.model}/{version}" if version is not None else gate.against


def table(metrics: tuple[Metric, ...], *, is_compared: bool) -> str:
    """Champion and challenger, as Markdown."""
    head = ["metric", "challenger", "champion", "difference"] if is_compared else ["metric", "challenger"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for each in metrics:
        if each.value is None:
            continue
        cells = [each.name, _number(each.value, each.low, each.high)]
        if is_compared:
            cells.append(_number(each.against, None, None))
            cells.append(_number(each.difference, each.difference_low, each.difference_high))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    between = f" ({low:.4g} to {high:.4g})" if low is not None and high is not None else ""
    return f"{value:.4g}{between}"
