"""`undelete`: bring deleted runs back, with those inside them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.model.run import RunView
from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.track.lists import family, find_run
from nbmlops.track.query import light


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    runs: Annotated[
        tuple[str, ...], positional("Ids of deleted runs, beginnings of them, or names of the newest.", metavar="RUN")
    ]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[RunView, ...]
    """Those that were named."""
    inside: tuple[RunView, ...]
    """Those inside them, which came with them."""


def undelete(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a run that is not among the deleted ones; then none is brought back."""
    project = call.project
    found = (find_run(project.uri, ref, is_deleted=True) for ref in request.runs)
    named = tuple({run.id: run for run in found}.values())
    every = family(project.uri, named, is_deleted=True)
    from nbmlops.track import edit

    # A run before those inside it: no list shows them without it meanwhile.
    edit.restore(project.uri, [run.id for run in every])
    ids = {run.id for run in named}
    return Result(runs=tuple(map(light, named)), inside=tuple(light(run) for run in every if run.id not in ids))
