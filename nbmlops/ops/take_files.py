"""Files of the project as they are now, kept as a snapshot: read and stored in one pass, recorded with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.environment import Environment, GitState
from nbmlops.model.snapshot import Entry, Scope, SnapshotRecord
from nbmlops.project import Project
from nbmlops.snapshot.references import with_references
from nbmlops.snapshot.scan import scan
from nbmlops.snapshot.take import take


def take_files(
    project: Project,
    paths: Iterable[Path],
    *,
    scope: Scope,
    urls: tuple[str, ...] = (),
    contents: Mapping[str, bytes] | None = None,
    message: str = "",
    notebook: str = "",
    run: str | None = None,
    environment: Environment | None = None,
    git: GitState | None = None,
) -> SnapshotRecord:
    """`urls` are kept by reference, and of data what is too large as well. `contents` are entries that are no files, by
    path; they win over files of the same path.

    Raises NotFoundError for a path that does not exist and ConflictError for a file that keeps changing.
    """
    made = dict(contents or {})
    with project.objects.writing() as writer:
        scanned = scan(
            paths,
            named=project.relative,
            stats=project.stats,
            largest_bytes=project.settings.snapshot.largest_bytes,
            writer=writer,
        )
        if scope is Scope.DATA:
            scanned = with_references(scanned, root=project.root, stats=project.stats, urls=urls)
        entries = {entry.path: entry for entry in scanned.entries}
        entries |= {path: Entry(path=path, digest=digest_bytes(data), size=len(data)) for path, data in made.items()}
        return take(
            tuple(entries[path] for path in sorted(entries)),
            places=scanned.places,
            contents=made,
            scope=scope,
            objects=project.objects,
            records=project.records,
            id=new_id(),
            taken=utc_now(),
            message=message,
            notebook=notebook,
            run=run,
            environment=environment,
            git=git,
            skipped=scanned.skipped,
        )
