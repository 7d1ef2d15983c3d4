"""What a list of runs is asked for."""

from __future__ import annotations

import msgspec

from nbmlops.model.run import RunView
from nbmlops.track.conditions import Condition, Name


class Query(msgspec.Struct, frozen=True, kw_only=True):
    experiment: str | None = None
    limit: int = 100
    offset: int = 0
    order_by: Name
    """Of a metric or parameter: runs without it come last; values of parameters are numbers where they look like it."""
    descending: bool = True
    parents_only: bool = False
    status: str | None = None
    tags: dict[str, str] = {}
    """Exactly these values; as `params`."""
    params: dict[str, str] = {}
    conditions: tuple[Condition, ...] = ()
    search: str = ""
    is_deleted: bool = False
    """Only the deleted ones; else only the others."""


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a list."""

    runs: tuple[RunView, ...]
    """Without tags of more than `LONGEST_TAG` letters."""
    total: int
    """Runs that fit, without the limit."""
    is_total: bool = True
    """False where a server has more than that, and counting them would take too long."""


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What a table of runs may show, sorted; at most `MOST_NAMES` of each."""

    metrics: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()


LONGEST_TAG = 300
MOST_NAMES = 1000


def light(run: RunView) -> RunView:
    """As lists show it: a note or MLflow's description of a model can be longer than all the rest."""
    if all(len(value) <= LONGEST_TAG for value in run.tags.values()):
        return run
    tags = {key: value for key, value in run.tags.items() if len(value) <= LONGEST_TAG}
    return RunView(
        id=run.id,
        name=run.name,
        status=run.status,
        experiment=run.experiment,
        started=run.started,
        ended=run.ended,
        parent=run.parent,
        params=run.params,
        metrics=run.metrics,
        tags=tags,
    )
