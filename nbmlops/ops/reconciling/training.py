"""The training of one attempt, in a process of its own: the pipeline's run, and the version of its model.

Started by `train.py`, to which it tells how far it is, a JSON object a line. Nothing is done twice: a run that has
ended well under this name is taken as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from nbmlops.errors import NbmlopsError, NotFoundError
from nbmlops.lib.child import claim_output, end_with_parent
from nbmlops.model.run import RunView
from nbmlops.ops import run
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.plugin import is_orchestrated
from nbmlops.ops.reconciling.messages import Said, Wanted
from nbmlops.ops.reconciling.orchestrated import Asked, run_orchestrated
from nbmlops.ops.registered import register
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.parameters import defaults
from nbmlops.project import Project
from nbmlops.track.lists import find_run


def trained(call: Call, wanted: Wanted) -> Said:
    """Raises CellFailedError and what else `run` raises, and NotFoundError where the pipeline has logged no model."""
    found = _ended_well(call.project.prepare_tracking(), wanted.name) or _run(call, wanted)
    return Said(run=found.id, version=register(call.project, found, wanted.model))


def _ended_well(uri: str, name: str) -> RunView | None:
    try:
        found = find_run(uri, name)
    except NotFoundError:
        return None
    return found if found.status == "FINISHED" else None


def _run(call: Call, wanted: Wanted) -> RunView:
    """Steps that nothing has changed for are taken from earlier runs, unless that is all of them: then the whole
    pipeline is executed, since a new version was asked for.
    """
    folder = call.path(wanted.pipeline)
    pipeline = read_pipeline(folder)
    request = run.Request(pipeline=wanted.pipeline, name=wanted.name, engine=wanted.engine)
    chosen = {**defaults(pipeline), **wanted.parameters}
    if is_orchestrated(call.project.settings, wanted.engine):
        asked = Asked(name=wanted.name, model=wanted.model, engine=wanted.engine, values=chosen, timeout=wanted.timeout)
        return run_orchestrated(call, asked, pipeline, folder)
    result = run.run_pipeline(call, request, pipeline, folder, chosen, register=wanted.model)
    if not result.is_new:
        request = msgspec.structs.replace(request, force=True)
        result = run.run_pipeline(call, request, pipeline, folder, chosen, register=wanted.model)
    return find_run(call.project.uri, result.result.run)


def main() -> int:
    report = claim_output()
    end_with_parent()
    wanted = msgspec.json.decode(sys.argv[1], type=Wanted)
    project = Project.find(Path.cwd())

    def told(event: Progress) -> None:
        report(Said(note=" ".join(filter(None, (event.task, event.note)))))

    try:
        report(trained(Call(project.root, progress=told), wanted))
    except NbmlopsError as error:
        report(Said(error=error.message, kind=error.kind, hint=error.hint))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
