"""Lists of runs, for people and for the sidebar.

On a SQLite file these are narrow read-only queries, because MLflow's own search takes seconds to minutes
at ten thousand runs (and its import two more). Any other address is asked through MlflowClient.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.run import DatasetUse, ModelView, RunView
from nbmlops.track import lists_sqlite, runs_sqlite
from nbmlops.track.address import sqlite_path
from nbmlops.track.conditions import read_name
from nbmlops.track.query import Columns, Query, RunPage

PREFIX_LETTERS = 4
ACTIVE, DELETED = lists_sqlite.ACTIVE, lists_sqlite.DELETED


def list_runs(
    uri: str,
    *,
    experiment: str | None = None,
    limit: int = 100,
    offset: int = 0,
    order_by: str = "started",
    descending: bool = True,
    parents_only: bool = False,
    status: str | None = None,
    tags: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> tuple[RunView, ...]:
    """Runs that are not deleted. `order_by` is `started`, `name`, `status`, or else the name of a metric.

    Runs without that metric come last. `tags` and `params` keep runs that have exactly these values.
    """
    query = Query(
        experiment=experiment,
        limit=limit,
        offset=offset,
        order_by=read_name(order_by),
        descending=descending,
        parents_only=parents_only,
        status=status,
        tags=dict(tags or {}),
        params=dict(params or {}),
    )
    if (path := sqlite_path(uri)) is not None:
        return runs_sqlite.runs(path, query)
    from nbmlops.track import runs_client

    return runs_client.runs(uri, query)


def page_of_runs(uri: str, query: Query) -> RunPage:
    """A window of a list, and how long the list is."""
    if (path := sqlite_path(uri)) is not None:
        return runs_sqlite.page(path, query)
    from nbmlops.track import runs_client

    return runs_client.page(uri, query)


def columns(uri: str) -> Columns:
    """What runs have that are not deleted; of a server, what its newest thousand have."""
    if (path := sqlite_path(uri)) is not None:
        return runs_sqlite.columns(path)
    from nbmlops.track import runs_client

    return runs_client.columns(uri)


def find_run(uri: str, ref: str, *, is_deleted: bool = False) -> RunView:
    """By full id, by the first letters of one, or by name (the newest). `is_deleted`: among the deleted ones."""
    stage = DELETED if is_deleted else ACTIVE
    if (path := sqlite_path(uri)) is not None:
        ids = lists_sqlite.ids_starting(path, ref, stage) if len(ref) >= PREFIX_LETTERS else ()
        if not ids:
            ids = lists_sqlite.ids_named(path, ref, stage)[:1]
        if len(ids) == 1:
            return lists_sqlite.runs_by_id(path, ids, stage)[0]
        near = lists_sqlite.names(path, stage) if not ids else ()
    else:
        from nbmlops.track import lists_client

        views = lists_client.matching(uri, ref, stage)
        ids = tuple(view.id for view in views)
        if len(views) == 1:
            return views[0]
        near = lists_client.names(uri, stage) if not ids else ()
    if ids:
        raise UsageError(
            f"{ref} is the beginning of {len(ids)} run ids.",
            kind="run-ambiguous",
            hint="Write more letters: " + ", ".join(found[:12] for found in ids[:5]) + ".",
            runs=list(ids[:20]),
        )
    close = difflib.get_close_matches(ref, near, n=3)
    hint = f"List them: nbmlops runs{' --deleted' if is_deleted else ''}"
    if close:
        hint = f"Near names: {', '.join(close)}."
    elif not is_deleted and _is_deleted(uri, ref):
        hint = f"It was deleted. Bring it back: nbmlops undelete {ref}"
    raise NotFoundError(
        f"There is no {'deleted ' if is_deleted else ''}run {ref}.", kind="run-not-found", hint=hint, near=close
    )


def _is_deleted(uri: str, ref: str) -> bool:
    try:
        find_run(uri, ref, is_deleted=True)
    except NotFoundError:
        return False
    except UsageError:
        return True  # several begin so
    return True


def parents(uri: str, runs: Sequence[RunView]) -> tuple[RunView, ...]:
    """The runs that these lie in and that are not among them."""
    known = {run.id for run in runs}
    missing = tuple(dict.fromkeys(run.parent for run in runs if run.parent and run.parent not in known))
    if not missing:
        return ()
    if (path := sqlite_path(uri)) is not None:
        return lists_sqlite.runs_by_id(path, missing)
    from nbmlops.track import lists_client

    return lists_client.runs_by_id(uri, missing)


def children(uri: str, run_id: str, *, is_deleted: bool = False) -> tuple[RunView, ...]:
    """Runs whose parent is this one, oldest first. `is_deleted`: those of them that were deleted."""
    stage = DELETED if is_deleted else ACTIVE
    if (path := sqlite_path(uri)) is not None:
        return lists_sqlite.children(path, run_id, stage)
    from nbmlops.track import lists_client

    return lists_client.children(uri, run_id, stage)


def family(uri: str, runs: Sequence[RunView], *, is_deleted: bool = False) -> tuple[RunView, ...]:
    """These runs and all that lie inside them, each once."""
    found: dict[str, RunView] = {}
    waiting = list(runs)
    while waiting:
        run = waiting.pop(0)
        if run.id not in found:
            found[run.id] = run
            waiting += children(uri, run.id, is_deleted=is_deleted)
    return tuple(found.values())


def datasets(uri: str, run_id: str) -> tuple[DatasetUse, ...]:
    """What the run read, with our full digests where we logged it."""
    if (path := sqlite_path(uri)) is not None:
        return lists_sqlite.datasets(path, run_id)
    from nbmlops.track import lists_client

    return lists_client.datasets(uri, run_id)


def models(uri: str, run_id: str) -> tuple[ModelView, ...]:
    """Models that the run logged, newest first."""
    if (path := sqlite_path(uri)) is not None:
        return lists_sqlite.models(path, run_id)
    from nbmlops.track import lists_client

    return lists_client.models(uri, run_id)


def analyze_if_grown(uri: str) -> bool:
    """Tell SQLite how its tables have grown; without, MLflow's own page sorts ten thousand runs in 20 s.

    True when they had doubled since it was told last, and it was told now. A server looks after itself.
    """
    path = sqlite_path(uri)
    return path is not None and lists_sqlite.analyze_if_grown(path)
