"""What a person means by a snapshot: its digest, `data`, `code`, or a run whose snapshot it is."""

from __future__ import annotations

from nbmlops.errors import NotFoundError
from nbmlops.lib.digest import short
from nbmlops.model.remote import RunLink
from nbmlops.model.run import Tags
from nbmlops.model.snapshot import Scope, Snapshot
from nbmlops.project import Project
from nbmlops.snapshot.find import SHORTEST_PREFIX, find_record, load, missing
from nbmlops.track.lists import find_run


def find_tree(project: Project, reference: str, scope: Scope = Scope.DATA) -> tuple[str, Snapshot]:
    """Identity and content. Raises NotFoundError, UsageError when ambiguous, IntegrityError when damaged."""
    record = find_record(reference, project.records)
    if record is not None:
        return record.snapshot, load(record.snapshot, project.objects)
    try:
        run = find_run(project.uri, reference)
    except NotFoundError:
        link = linked(project, reference)
        digest = None if link is None else link.data if scope is Scope.DATA else link.code
        if digest is None:
            raise missing(reference) from None
        return digest, load(digest, project.objects)
    digest = run.tags.get(Tags.DATA_SNAPSHOT if scope is Scope.DATA else Tags.CODE_SNAPSHOT)
    if not digest:
        raise NotFoundError(
            f"Run {run.name} ({short(run.id)}) has no {scope} snapshot.",
            kind="snapshot-missing",
            hint=f"Look at it: nbmlops show {short(run.id)}",
        )
    return digest, load(digest, project.objects)


def linked(project: Project, reference: str) -> RunLink | None:
    """The run of that id, beginning of an id or name (the newest) that came from a remote with its snapshots."""
    links = project.records.newest(RunLink, limit=1_000_000)
    if len(reference) >= SHORTEST_PREFIX:
        found = [link for link in links if link.id.startswith(reference)]
        if len(found) == 1:
            return found[0]
    named = [link for link in links if link.name == reference]
    return max(named, key=lambda link: (link.started is not None, link.started, link.id), default=None)
