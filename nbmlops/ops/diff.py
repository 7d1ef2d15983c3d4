"""`diff`: what changed between two snapshots, runs or packages, or since one of the first two."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError, UnavailableError, UsageError
from nbmlops.lib.digest import short
from nbmlops.model.difference import FileDetail, PackageDiff, RunDiff
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Change, Entry, Scope
from nbmlops.model.snapshot import Reference as Elsewhere
from nbmlops.ops.call import Call
from nbmlops.ops.diff_packages import diff_packages, package_meant, tagged_here
from nbmlops.ops.diff_runs import diff_runs
from nbmlops.ops.fields import option, positional
from nbmlops.ops.find_tree import find_tree
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP
from nbmlops.package.reference import Reference
from nbmlops.project import Project
from nbmlops.snapshot.details import Fetch, details
from nbmlops.snapshot.diff import diff as tree_diff
from nbmlops.snapshot.find import find_record, load
from nbmlops.snapshot.references import is_same
from nbmlops.snapshot.scan import scan
from nbmlops.track.lists import find_run


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    before: Annotated[str, positional("A snapshot, a run, `data` / `code` for the newest, or a package NAME:TAG.")]
    after: Annotated[str, positional("Another; without it, the files as they are now.")] = ""
    code: Annotated[bool, option("Of runs, compare the code instead of the data.")] = False
    names: Annotated[bool, option("Only which files changed, without looking into them.")] = False
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    before: str
    after: str
    """Empty: the files as they are now."""
    changes: tuple[Change, ...]
    same: int
    """How many files did not change; of packages, in the layers that differ."""
    details: tuple[FileDetail, ...] = ()
    """Inside of changed tables, notebooks and text."""
    runs: RunDiff | None = None
    """Where both are runs: parameters, metrics, packages, and what probably explains the difference."""
    packages: PackageDiff | None = None
    """Where both are packages: their layers and Kitfiles."""


def diff(call: Call, request: Request) -> Result:
    """Raises NotFoundError for what is no snapshot, run or package, and UsageError for one of each.

    What is the name of a snapshot or run is that, even where it could be a package's.
    """
    names = tuple(filter(None, (request.before, request.after)))
    meant = [_package(call, name) for name in names]
    if any(meant):
        return _packages(call, request, meant)
    try:
        return _snapshots(call, request)
    except NotFoundError as error:
        tagged = next(filter(None, map(tagged_here, names)), "")
        if error.kind not in ("snapshot-missing", "project-missing") or not tagged:
            raise
        raise NotFoundError(
            error.message, kind=error.kind, hint=f"If the package is meant: {tagged}", **error.facts
        ) from None


def _package(call: Call, name: str) -> Reference | None:
    """The package that is meant, if one is."""
    meant = package_meant(name)
    return None if meant is None or _is_known(call, name) else meant


def _is_known(call: Call, name: str) -> bool:
    """Whether the project has a snapshot or run of this name."""
    try:
        project = Project.find(call.folder)
        return find_record(name, project.records) is not None or bool(find_run(project.uri, name))
    except (NotFoundError, UnavailableError):
        return False


def _packages(call: Call, request: Request, meant: list[Reference | None]) -> Result:
    if len(meant) < 2 or not all(meant):
        package = next(filter(None, meant))
        other = request.after if meant[0] else request.before
        raise UsageError(
            f"{package} is a package, and {other or 'what is here now'} is none: they cannot be compared.",
            kind="diff-mixed",
            hint=f"Name two packages, each with its tag: {tagged_here(other) or 'wine:v1 wine:v2'}"
            if other
            else f"Name another package: nbmlops diff {package} NAME:TAG",
        )
    before, after = (reference for reference in meant if reference is not None)
    found = diff_packages(call, before, after, request)
    return Result(
        before=found.before,
        after=found.after,
        changes=found.changes,
        same=found.same,
        details=found.details,
        packages=found.packages,
    )


def _snapshots(call: Call, request: Request) -> Result:
    project = call.project
    scope = Scope.CODE if request.code else Scope.DATA
    pair = _both_runs(project, request)
    before, old = _side(project, request.before, scope, pair[0] if pair else None)
    if request.after:
        after, new = _side(project, request.after, scope, pair[1] if pair else None)
    else:
        after, new = "", entries_now(project, old)
    changes = tree_diff(old, new)
    with tempfile.TemporaryDirectory(prefix="nbmlops-diff-") as scratch:
        fetch = _fetch(project, old, Path(scratch, "before")), _fetch(project, new, Path(scratch, "after"))
        fetch_after = fetch[1] if request.after else project.absolute
        # The store has no bytes of what is kept by reference: that it changed is all that can be said.
        by_reference = {entry.path for entry in (*old, *new) if isinstance(entry.reference, Elsewhere)}
        kept = tuple(change for change in changes if change.path not in by_reference)
        inside = () if request.names else details(kept, fetch[0], fetch_after)
    return Result(
        before=before,
        after=after,
        changes=changes,
        same=len({entry.path for entry in (*old, *new)}) - len(changes),
        details=inside,
        runs=diff_runs(project, *pair, data=changes if scope is Scope.DATA else (), details=inside) if pair else None,
    )


def _both_runs(project: Project, request: Request) -> tuple[RunView, RunView] | None:
    references = (request.before, request.after)
    if not request.after or any(find_record(each, project.records) is not None for each in references):
        return None
    try:
        return find_run(project.uri, request.before), find_run(project.uri, request.after)
    except NotFoundError:
        return None  # finding the trees will say which of them there is not


def _side(project: Project, reference: str, scope: Scope, run: RunView | None) -> tuple[str, tuple[Entry, ...]]:
    if run is not None:
        digest = run.tags.get(Tags.DATA_SNAPSHOT if scope is Scope.DATA else Tags.CODE_SNAPSHOT, "")
        # A run that read nothing has no data snapshot, and can be compared all the same.
        return f"{run.name} {short(run.id)}", load(digest, project.objects).entries if digest else ()
    digest, tree = find_tree(project, reference, scope)
    return digest, tree.entries


def _fetch(project: Project, entries: tuple[Entry, ...], scratch: Path) -> Fetch:
    digests = {entry.path: entry.digest for entry in entries}

    def fetch(path: str) -> Path:
        place = scratch / f"{short(digests[path])}{Path(path).suffix}"
        if not place.exists():
            project.objects.restore(digests[path], place)
        return place

    return fetch


def entries_now(project: Project, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The same paths as they are on the disk; those that are gone are left out."""
    places = [place for entry in entries if (place := project.absolute(entry.path)).exists() or place.is_symlink()]
    found = scan(
        places,
        named=project.relative,
        stats=project.stats,
        largest_bytes=max((entry.size for entry in entries), default=0) + project.settings.snapshot.largest_bytes,
    ).entries
    # What is kept by reference is as it was, if it is what the reference stands for.
    same = {
        entry.path: entry
        for entry in entries
        if isinstance(entry.reference, Elsewhere)
        and is_same(entry.reference, project.absolute(entry.path), project.stats)
    }
    return tuple(same.get(entry.path, entry) for entry in found)
