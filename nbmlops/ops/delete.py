"""`delete`: take runs out of the lists, with those inside them. MLflow keeps them: `undelete` brings them back."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import StateError
from nbmlops.lib.digest import short
from nbmlops.model.run import RunView
from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.housekeeping import sweep
from nbmlops.track.lists import family, find_run
from nbmlops.track.query import light


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    runs: Annotated[tuple[str, ...], positional("Ids, beginnings of them, or names of the newest.", metavar="RUN")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[RunView, ...]
    """Those that were named."""
    inside: tuple[RunView, ...]
    """Those inside them, which went with them."""


def delete(call: Call, request: Request) -> Result:
    """Raises NotFoundError for an unknown run and StateError for one that is under way; then none is deleted.

    Until `gc` frees it, all that belongs to a deleted run is kept.
    """
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    sweep(project)
    named = tuple({run.id: run for run in (find_run(project.uri, ref) for ref in request.runs)}.values())
    every = family(project.uri, named)
    running = next((run for run in every if run.status == "RUNNING"), None)
    if running is not None:
        raise StateError(
            f"Run {running.name} ({short(running.id)}) is still under way.",
            kind="run-running",
            hint="Stop it first, or wait for its end.",
            run=running.id,
        )
    from nbmlops.track import edit

    edit.delete(project.uri, [run.id for run in every])
    ids = {run.id for run in named}
    return Result(runs=tuple(map(light, named)), inside=tuple(light(run) for run in every if run.id not in ids))
