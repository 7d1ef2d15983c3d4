"""Which run of a replay is the one that is being reproduced."""

from __future__ import annotations

from collections.abc import Sequence

from nbmlops.model.run import RunView, Tags
from nbmlops.ops.replay import Replay
from nbmlops.project import Project
from nbmlops.track.lists import list_runs

_OF_A_SESSION = frozenset({"batch", "step", "log", "pipeline"})


def same_run(project: Project, run: RunView, replay: Replay) -> RunView | None:
    """The run that the same cell made, in the same place among those of its kind; None when there is none."""
    kind = run.tags.get(Tags.KIND, "")
    if kind in _OF_A_SESSION:
        wanted = "log" if kind == "log" else "batch"
        return _joined(sorted((r for r in replay.runs if r.tags.get(Tags.KIND) == wanted), key=_started))
    execution = run.tags.get(Tags.EXECUTION, "")
    position = next((n for n, played in enumerate(replay.played) if played.id == execution), None)
    if position is None or position >= len(replay.executions):
        return None
    siblings = list_runs(project.uri, limit=100_000, tags={Tags.EXECUTION: execution, Tags.KIND: kind})
    place = [each.id for each in sorted(siblings, key=_started)].index(run.id)
    again = {Tags.EXECUTION: replay.executions[position].id, Tags.KIND: kind}
    found = sorted((r for r in replay.runs if again.items() <= r.tags.items()), key=_started)
    return found[place] if place < len(found) else None


def _joined(runs: Sequence[RunView]) -> RunView | None:
    """A pipeline's runs as one: what its steps logged is its own, too."""
    if not runs:
        return None
    from msgspec.structs import replace

    return replace(
        runs[0],
        metrics={name: value for each in runs for name, value in each.metrics.items()},
        params={name: value for each in runs for name, value in each.params.items()},
    )


def _started(run: RunView) -> tuple[str, str]:
    # Runs of one loop begin within a millisecond; their keys sort by time more finely.
    return (run.tags.get(Tags.KEY, ""), str(run.started))
