"""What is wrong, by the rules: of a look's windows, drift, performance and traffic. Pure.

A finding of a revision that is not the stable one says so in its subject: `hue (revision 3)`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
import numpy as np

from nbmlops.model.drift import ColumnDrift, Drift, Verdict
from nbmlops.model.finding import Finding, Severity
from nbmlops.model.monitoring import Alarm, Look, Performance, Rule, Traffic, Window
from nbmlops.monitor import alarm
from nbmlops.monitor.performance import LEAST, Judged, told_until
from nbmlops.monitor.rules import DRIFT_SHARE, ERROR_RATE, LABELS, P99, REQUESTS, Rules
from nbmlops.monitor.timeline import LEAST_ROWS

DRIFT, SHARE, PERFORMANCE, EXPECTED, ERRORS, LATENCY, SILENCE, UNLABELLED = (
    "drift", "drift-share", "performance", "expected-performance", "error-rate", "latency", "silence", "labels",
)  # fmt: skip
_LEAST_COLUMNS = 3
"""For a share of columns."""
_LEAST_REQUESTS = 20
"""After which a rate has recovered."""
_REVISION = re.compile(r" \(revision (\w+)\)$")


class Found(msgspec.Struct, kw_only=True):
    """Grows while it is looked."""

    findings: list[Finding] = []
    alarms: dict[str, Alarm] = {}
    judged: set[tuple[str, str]] = set()
    """Kinds by revision that this look could judge; `""` for the stable one."""

    def is_judged(self, finding: Finding, running: Collection[str]) -> bool:
        """Also where its revision does not run any more: then it is over."""
        revision = revision_of(finding)
        return (bool(revision) and revision not in running) or (finding.kind, revision) in self.judged


def find(look: Look, judged: Sequence[Judged], rules: Rules, alarms: dict[str, Alarm], stable: str) -> Found:
    """`look` without findings; `judged`: what its performance was made of; `alarms`: of the look before."""
    found = Found(alarms=dict(alarms))
    for revision, drift in look.drift:
        _of_drift(found, drift, rules, "" if revision == stable else revision)
    for each in judged:
        _of_performance(found, each, rules, "" if each.whole.revision == stable else each.whole.revision)
    for traffic in look.traffic:
        _of_errors(found, traffic, rules, "" if traffic.revision == stable else traffic.revision)
    for revision in {each.revision for each in look.windows}:
        of = [each for each in look.windows if each.revision == revision]
        _of_latency(found, of[-1], rules, "" if revision == stable else revision)
    return found


def silence(found: Found, window: tuple[datetime, datetime], requests: float, rules: Rules) -> None:
    """`window`: the last one that is over, in which the stable revision has answered so many requests."""
    rule = rules.rules.get(REQUESTS)
    if rule is None:
        return
    found.judged.add((SILENCE, ""))
    if requests < rule.limit:
        start, end = window
        message = (
            f"From {start:%H:%M} to {end:%H:%M} UTC {requests:,.0f} requests came; {rule.limit:,.0f} are expected."
        )
        _add(found, SILENCE, "requests", message, "", value=requests, limit=rule.limit)


def revision_of(finding: Finding) -> str:
    """Empty for the stable one."""
    match = _REVISION.search(finding.subject)
    return match[1] if match is not None else ""


def _of_drift(found: Found, drift: Drift, rules: Rules, revision: str) -> None:
    compared = [each for each in drift.columns if each.verdict not in (Verdict.TOO_FEW, Verdict.NEW)]
    if not compared or drift.current_rows < LEAST_ROWS:
        return
    found.judged |= {(DRIFT, revision), (SHARE, revision)}
    for column in drift.drifted:
        _add(
            found,
            DRIFT,
            column.name,
            f"{column.name} {_HOW[column.verdict]}{_why(column)}",
            revision,
            severity=Severity.WARNING if column.verdict is Verdict.DRIFTED else Severity.ERROR,
            value=_deciding(column)[0],
            limit=_deciding(column)[1],
        )
    limit, share = rules.limit(DRIFT_SHARE), len(drift.drifted) / len(compared)
    if limit is not None and len(compared) >= _LEAST_COLUMNS and share >= limit:
        message = f"{len(drift.drifted)} of {len(compared)} columns have drifted."
        _add(found, SHARE, "columns", message, revision, severity=Severity.ERROR, value=share, limit=limit)


_HOW = {
    Verdict.DRIFTED: "has drifted",
    Verdict.GONE: "is not sent any more",
    Verdict.CHANGED: "is of another kind than it was",
}


def _why(column: ColumnDrift) -> str:
    return f": {column.why.rstrip('.')}." if column.why and column.verdict is not Verdict.GONE else "."


def _deciding(column: ColumnDrift) -> tuple[float | None, float | None]:
    first = next((each for each in column.measures if each.limit is not None), None)
    return (first.value, first.limit) if first is not None else (None, None)


def _of_performance(found: Found, judged: Judged, rules: Rules, revision: str) -> None:
    whole = judged.whole
    for rule in rules.metrics:
        metric = whole.metric(rule.name)
        if rule.name == "accuracy" and judged.hits is not None and rule.limit > 0:
            found.judged.add((PERFORMANCE, revision))
            _of_accuracy(found, judged, rule, revision)
        elif metric is not None and metric.value is not None:
            found.judged.add((PERFORMANCE, revision))
            # The better end of the interval is not good enough.
            bound = (metric.high if rule.is_least else metric.low) or metric.value
            if (bound < rule.limit) if rule.is_least else (bound > rule.limit):
                span = f" ({metric.low:.4g} to {metric.high:.4g})" if metric.low is not None else ""
                message = f"{rule.name} is {metric.value:.4g}{span} of {whole.labelled:,} rows; {_has_to_be(rule)}."
                _add(found, PERFORMANCE, rule.name, message, revision, severity=Severity.ERROR, value=metric.value,
                     limit=rule.limit)  # fmt: skip
        _of_estimate(found, whole, rule, revision)
    limit = rules.limit(LABELS)
    if limit is not None and whole.rows >= LEAST:
        found.judged.add((UNLABELLED, revision))
        share = whole.labelled / whole.rows
        if share < limit:
            message = f"{share:.2%} of {whole.rows:,} rows have a label; {limit:.2%} are expected."
            _add(found, UNLABELLED, "labels", message, revision, value=share, limit=limit)


def _of_accuracy(found: Found, judged: Judged, rule: Rule, revision: str) -> None:
    """By an alarm that may be looked at after each label."""
    assert judged.hits is not None
    assert judged.told is not None
    name = f"accuracy/{judged.whole.revision}"
    state = found.alarms.get(name)
    if state is None or abs(state.limit - (1 - rule.limit)) > 1e-9:
        state = alarm.begin(1 - rule.limit)
    newest = next((each.metric("accuracy") for each in reversed(judged.by_window) if each.metrics), None)
    value = newest.value if newest is not None else None
    until = state.until.timestamp() * 1e6 if state.until is not None else -np.inf
    # A microsecond: times are kept as floats.
    fresh = judged.told > until + 1
    if state.is_raised and fresh.any() and value is not None and value >= rule.limit:
        state = alarm.begin(1 - rule.limit)
    if fresh.any():
        state = msgspec.structs.replace(alarm.see(state, ~judged.hits[fresh]), until=told_until(judged.told[fresh]))
    found.alarms[name] = state
    if state.is_raised:
        whole = judged.whole.metric("accuracy")
        shown = value if value is not None else (whole.value if whole is not None else None)
        of = "of the newest window with labels" if value is not None else f"of {judged.whole.labelled:,} rows"
        told = f"accuracy is {shown:.4g} {of}" if shown is not None else "accuracy is too low"
        message = f"{told}; {_has_to_be(rule)}."
        _add(found, PERFORMANCE, "accuracy", message, revision, severity=Severity.ERROR, value=shown, limit=rule.limit)


def _of_estimate(found: Found, whole: Performance, rule: Rule, revision: str) -> None:
    each = next((each for each in whole.estimates if each.name == rule.name), None)
    if each is None:
        return
    found.judged.add((EXPECTED, revision))
    if (each.high < rule.limit) if rule.is_least else (each.low > rule.limit):
        message = (
            f"{rule.name} of {each.rows:,} rows without labels is expected to be {each.value:.4g} "
            f"({each.low:.4g} to {each.high:.4g}); {_has_to_be(rule)}."
        )
        _add(found, EXPECTED, rule.name, message, revision, value=each.value, limit=rule.limit)


def _of_errors(found: Found, traffic: Traffic, rules: Rules, revision: str) -> None:
    limit = rules.limit(ERROR_RATE)
    if limit is None or limit >= 1 or not traffic.requests:
        return
    found.judged.add((ERRORS, revision))
    name = f"errors/{traffic.revision}"
    state = found.alarms.get(name)
    if state is None or abs(state.limit - limit) > 1e-9:
        state = alarm.begin(limit)
    share = traffic.failed / traffic.requests
    if state.is_raised and traffic.requests >= _LEAST_REQUESTS and share <= limit:
        state = alarm.begin(limit)
    state = alarm.see_counts(state, traffic.failed, traffic.requests - traffic.failed)
    found.alarms[name] = state
    if state.is_raised:
        message = (
            f"{traffic.failed:,} of {traffic.requests:,} requests since the look before have failed ({share:.2%}); "
            f"{limit:.2%} may."
        )
        _add(found, ERRORS, "requests", message, revision, severity=Severity.ERROR, value=share, limit=limit)


def _of_latency(found: Found, newest: Window, rules: Rules, revision: str) -> None:
    limit = rules.limit(P99)
    if limit is None or newest.p99 is None or newest.requests < LEAST:
        return
    found.judged.add((LATENCY, revision))
    if newest.p99 > limit:
        message = f"One request of a hundred takes {newest.p99:.3g} s or more; {limit:.3g} s is the limit."
        _add(found, LATENCY, "p99", message, revision, value=newest.p99, limit=limit)


def _add(
    found: Found,
    kind: str,
    subject: str,
    message: str,
    revision: str,
    *,
    severity: Severity = Severity.WARNING,
    value: float | None = None,
    limit: float | None = None,
) -> None:
    named = f"{subject} (revision {revision})" if revision else subject
    told = f"Revision {revision}: {message}" if revision else message
    found.findings.append(Finding(kind=kind, subject=named, message=told, severity=severity, value=value, limit=limit))


def _has_to_be(rule: Rule) -> str:
    return f"it has to be at {'least' if rule.is_least else 'most'} {rule.limit:.4g}"
