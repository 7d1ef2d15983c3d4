"""The last look in Prometheus' words: a file that the router adds to what it tells of its replicas."""

from __future__ import annotations

from nbmlops.model.monitoring import Look

MOST_COLUMNS = 200


def gauges(look: Look, stable: str) -> str:
    """`stable`: the revision whose columns are told."""
    lines = [
        *_head("nbmlops_findings", "What is wrong with the deployment, as the last look has found.", "gauge"),
        f"nbmlops_findings {len(look.findings)}",
        *_head("nbmlops_monitor_look_timestamp_seconds", "When somebody looked last.", "gauge"),
        f"nbmlops_monitor_look_timestamp_seconds {look.time.timestamp():.3f}",
    ]
    drift = dict(look.drift).get(stable)
    if drift is not None:
        lines += _head("nbmlops_drift", "Of a column: what decides, over its limit; 1 and more has drifted.", "gauge")
        lines += [
            f'nbmlops_drift{{column="{_escaped(each.name)}"}} {each.effect:.6g}'
            for each in drift.columns[:MOST_COLUMNS]
            if each.measures
        ]
    lines += _metrics(look, stable)
    return "\n".join(lines) + "\n"


def _metrics(look: Look, stable: str) -> list[str]:
    found = next((each for each in look.performance if each.revision == stable), None)
    lines: list[str] = []
    if found is not None and found.metrics:
        lines += _head("nbmlops_performance", "By labels, over what the last look has read.", "gauge")
        lines += [
            f'nbmlops_performance{{metric="{each.name}"}} {each.value:.6g}'
            for each in found.metrics
            if each.value is not None
        ]
    if found is not None and found.estimates:
        lines += _head("nbmlops_expected_performance", "Of rows without labels.", "gauge")
        lines += [f'nbmlops_expected_performance{{metric="{each.name}"}} {each.value:.6g}' for each in found.estimates]
    return lines


def _head(name: str, told: str, kind: str) -> list[str]:
    return [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]


def _escaped(name: str) -> str:
    """A caller may have named the column."""
    return name[:100].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", " ")
