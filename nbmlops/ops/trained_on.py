"""The table that a run was trained on, as its snapshot has it."""

from __future__ import annotations

from pathlib import PurePosixPath

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.evaluation_data import SUFFIXES
from nbmlops.track.lists import datasets, find_run


def trained_on(call: Call, text: str) -> str:
    """`RUN:path` for a run; what names a file already stays. Raises NotFoundError, UsageError where it read several."""
    if ":" in text or call.path(text).is_file():
        return text
    if call.has_session:
        call.session.scribe.flush(10.0)
    project = call.project
    run = find_run(project.uri, text)
    uses = [each for each in datasets(project.uri, run.id) if PurePosixPath(each.path).suffix.lower() in SUFFIXES]
    trained = [each for each in uses if each.context == "training"] or uses
    paths = list(dict.fromkeys(project.relative(project.absolute(each.path)) for each in trained))
    if not paths:
        raise NotFoundError(
            f"Run {text} has read no table.", kind="data-missing", hint="Name a file of a snapshot: SNAPSHOT:path"
        )
    if len(paths) > 1:
        raise UsageError(
            f"Run {text} has read {len(paths)} tables: {', '.join(paths[:5])}.",
            kind="data-unclear",
            hint=f"Name one of them: --from {text}:{paths[0]}",
        )
    return f"{text}:{paths[0]}"
