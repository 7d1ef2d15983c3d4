"""A deployment as a page shows it."""

from __future__ import annotations

from datetime import datetime

from nbmlops.doors.render.blocks import Cell, Line, Table, Tone, ago, cell
from nbmlops.model.deployment import ReplicaState
from nbmlops.ops.deployment_view import DeploymentView, RevisionView, State

_TONES = {
    State.HEALTHY: Tone.GOOD,
    State.STARTING: Tone.WARN,
    State.DEGRADED: Tone.WARN,
    State.DOWN: Tone.BAD,
    State.STOPPED: Tone.DIM,
}


def state_cell(view: DeploymentView) -> Cell:
    return cell(view.state.value, _TONES[view.state])


def state_line(view: DeploymentView) -> Line:
    return Line(f"{view.name} is {view.state.value}: {view.address}", _TONES[view.state])


def revisions_table(view: DeploymentView, now: datetime) -> Table:
    rows = tuple(
        (
            cell(each.number, Tone.STRONG if each.role else Tone.DIM),
            cell(_role(each), Tone.PLAIN),
            cell(each.package),
            _replicas(each),
            cell(f"{each.traffic.requests:,}" if each.role else ""),
            cell(f"{each.traffic.failed:,}" if each.traffic.failed else "", Tone.BAD),
            cell(f"{each.traffic.p50 * 1000:.1f}" if each.traffic.requests else ""),
            cell(f"{each.traffic.p99 * 1000:.1f}" if each.traffic.requests else ""),
            cell(ago(each.created, now), Tone.DIM),
        )
        for each in view.revisions
    )
    columns = ("", "answers", "package", "replicas", "requests", "failed", "p50 ms", "p99 ms", "made")
    return Table(columns=columns, rows=rows, numeric=frozenset({0, 4, 5, 6, 7}), optional=frozenset({8, 7, 6}))


def _role(revision: RevisionView) -> str:
    if revision.role in ("stable", "canary"):
        return f"{revision.percent} %" + (" (canary)" if revision.role == "canary" else "")
    if revision.role == "shadow":
        return f"shadow: {revision.traffic.differing:,} differ"
    return revision.role


def _replicas(revision: RevisionView) -> Cell:
    if not revision.replicas:
        return cell("")
    ready = sum(each.state is ReplicaState.READY for each in revision.replicas)
    restarts = sum(each.restarts for each in revision.replicas)
    text = f"{ready}/{len(revision.replicas)}" + (f", started again {restarts}x" if restarts else "")
    return cell(text, Tone.GOOD if ready == len(revision.replicas) else Tone.WARN)
