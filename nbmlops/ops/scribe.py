"""The scribe process of a session, with what only the whole can do: tie runs to snapshots.

    python -m nbmlops.ops.scribe --root PROJECT --session ID --uri URI

The message `tie` names sessions and a run. The files that the sessions have read so far become a data snapshot, the
cells they have executed, with local modules, git state and environment, a code snapshot, and what ran, in order, with
outputs and random states, a trace; the run gets the digests as tags, the files as MLflow datasets with their real
paths, and `executed.ipynb` as an artifact (ops/evidence.py). The message `collect` sends the journals of sessions that
have ended, and waits for the one that it names. The message `profile` makes the profile of a model's training rows, and
the message `register` a version of the run's model.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from nbmlops.lib.canonical import canonical_json
from nbmlops.ops.evidence import Evidence, gather
from nbmlops.ops.model_profile import record_profile
from nbmlops.ops.registered import record_version
from nbmlops.project import Project
from nbmlops.snapshot.code import EXECUTED
from nbmlops.track import scribe, spool

if TYPE_CHECKING:
    from nbmlops.track.writer import Writer


def tie(writer: Writer, run: str | None, body: dict[str, Any]) -> dict[str, str] | None:
    """Snapshot for one run, or for every run that the user's own mlflow made in an execution."""
    project = _project(str(writer.root / str(body.get("workspace", ""))))
    runs = [run] if run else writer.runs_of_execution(str(body.get("execution", "")))
    if not runs:
        return None
    found = _gathered(project, body, runs[0])
    uses = tuple(msgspec.structs.replace(use, path=str(PurePath(project.workspace, use.path))) for use in found.uses)
    for each in runs:
        writer.log_datasets(each, uses)
        if found.executed:
            writer.log_text(each, found.executed.decode(), EXECUTED)
        if each != run:
            writer.set_tags(each, found.tags)
    return found.tags


_last: tuple[bytes, Evidence] | None = None


def _gathered(project: Project, body: dict[str, Any], run: str) -> Evidence:
    """Runs that one cell has touched rest on the same: it is gathered once for all of them."""
    global _last
    key = canonical_json({**body, "execution": ""})
    if _last is None or _last[0] != key or "moment" not in body:
        _last = key, gather(project, body, run)
    return _last[1]


@lru_cache(maxsize=4)
def _project(root: str) -> Project:
    return Project(Path(root))


def collect(writer: Writer, run: str | None, body: dict[str, Any]) -> dict[str, str] | None:
    """Send what sessions whose kernels have ended left in their journals: the steps of a pipeline run."""
    project = _project(str(writer.root))
    awaited = str(body.get("session", ""))
    spool.send_pending(project.layout.spool, project.root, writer.uri, extras=OF_RUNS, awaited=awaited)
    return None


OF_RUNS = {"tie": tie, "profile": record_profile, "register": record_version}


if __name__ == "__main__":
    code = scribe.main(extras={**OF_RUNS, "collect": collect})
    logging.shutdown()
    os._exit(code)  # all is written: to take MLflow apart first takes a second, for which somebody may wait
