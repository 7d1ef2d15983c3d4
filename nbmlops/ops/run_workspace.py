"""The workspace of a run with named data or code: a copy of the project as it was then, for its steps to run in.

    laid = lay_out_workspace(project, pipeline, folder, data="3f2a", code="", target=target)
    laid.folder                 # the pipeline's folder there

Data named: the files of that snapshot and no others. Data not named: the project's files as they are. The same for
code, which is what ends like code. The pipeline itself is always the one that was asked for.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import msgspec

from nbmlops.capture.environment import git_state
from nbmlops.errors import IntegrityError, NotFoundError, StateError, UsageError
from nbmlops.lib.digest import short
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.lib.process import output_of
from nbmlops.model.environment import GitState
from nbmlops.model.pipeline import Pipeline
from nbmlops.model.run import Tags
from nbmlops.model.snapshot import Entry, Reference, Scope, Snapshot
from nbmlops.ops.find_tree import find_tree
from nbmlops.pipeline.folder import CERTIFICATE, DOCUMENT
from nbmlops.pipeline.workspace import copy, is_small
from nbmlops.project import Project
from nbmlops.snapshot.code import EXECUTED, LOCK
from nbmlops.snapshot.references import is_same
from nbmlops.snapshot.restore import plan, restore
from nbmlops.store.layout import mark_workspace

CODE = (".py", ".pyi", ".ipy", ".ipynb", ".sh", ".sql", ".r", ".R")
"""Endings of what counts as code where nothing else says so."""
ARCHIVE_SECONDS = 600.0


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    project: Project
    """Of the workspace: its own files, the home's memory."""
    folder: Path
    """The pipeline's folder in the workspace."""
    data: str = ""
    """Identity of the data snapshot; empty: the data as they are."""
    code: str = ""
    """Identity of the code snapshot, or a commit; empty: the code as it is."""
    tags: dict[str, str] = {}
    """What its runs say of both."""


class _Code(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    git: GitState | None = None
    tree: Snapshot | None = None
    """None: it lies in the repository."""


def lay_out_workspace(
    project: Project, pipeline: Pipeline, folder: Path, *, data: str, code: str, target: Path
) -> Laid:
    """Fill `target`, a new folder. `folder` is the pipeline's; `data` and `code` are as typed, at least one of them.

    Raises NotFoundError for what is in no store and no repository, UsageError for one that is of the other kind,
    StateError for a project that is too large to be copied, IntegrityError for files that no workspace can hold.
    """
    place, base = _inside(project, folder), _inside(project, folder / pipeline.folder)
    snapshot = _data(project, data) if data else None
    version = _code(project, code) if code else None
    if snapshot is None and not is_small(project.root):
        raise StateError(
            "The project is too large for its data to be copied into the run's workspace.",
            kind="workspace-too-large",
            hint="Name the data too: take a snapshot of what the pipeline reads, and give --data SNAPSHOT.",
        )
    try:
        with refusing_disk_errors(target):
            target.mkdir(parents=True)
            if snapshot is None:
                copy(project.root, target, lambda path: not _is_code(path))
            if version is None:
                copy(project.root, target, lambda path: _is_code(path) and not Path(path).is_symlink())
            elif version.tree is not None:
                _restore(project, _modules(version.tree), target)
            else:
                _extract(project, version.id, target, is_whole=snapshot is not None)
            if snapshot is not None:
                _restore(project, snapshot[1].entries, target)
            (target / base).mkdir(parents=True, exist_ok=True)
            _copy_pipeline(project, pipeline, folder, target / place)
            mark_workspace(target, project.home)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    tags = {Tags.RUN_DATA: snapshot[0] if snapshot else "", Tags.RUN_CODE: version.id if version else ""}
    state = version.git if version is not None else (git_state(project.root) or (None,))[0]
    if state is not None and state.commit:
        tags |= {Tags.GIT_COMMIT: state.commit, Tags.MLFLOW_COMMIT: state.commit}
        tags |= {Tags.GIT_DIRTY: "true" if state.dirty else "false"}
    return Laid(
        project=Project(target),
        folder=target / place,
        data=tags[Tags.RUN_DATA],
        code=tags[Tags.RUN_CODE],
        tags={name: value for name, value in tags.items() if value},
    )


def _inside(project: Project, folder: Path) -> Path:
    """Where a folder lies in the project."""
    path = folder.resolve()
    if not path.is_relative_to(project.root):
        raise StateError(
            f"{path} lies outside of the project, and cannot be laid out with it.",
            kind="workspace-outside",
            hint="Run it without --data and --code, or from a pipeline inside of the project.",
        )
    return path.relative_to(project.root)


def _data(project: Project, reference: str) -> tuple[str, Snapshot]:
    digest, tree = find_tree(project, reference, Scope.DATA)
    _check_scope(tree, Scope.DATA, reference)
    return digest, tree


def _code(project: Project, reference: str) -> _Code:
    """A snapshot or a run of ours; else what git knows under that name."""
    try:
        digest, tree = find_tree(project, reference, Scope.CODE)
    except NotFoundError:
        command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"]
        commit = (output_of(command, folder=project.root) or b"").decode().strip()
        if not commit:
            raise NotFoundError(
                f"There is no snapshot, run or commit {reference!r}.",
                kind="snapshot-missing",
                hint="List them: nbmlops snapshots, nbmlops runs, git log",
            ) from None
        return _Code(id=commit, git=GitState(commit=commit))
    _check_scope(tree, Scope.CODE, reference)
    return _Code(id=digest, git=tree.git, tree=tree)


def _check_scope(tree: Snapshot, wanted: Scope, reference: str) -> None:
    if tree.scope is not wanted:
        raise UsageError(
            f"{reference} is a snapshot of {tree.scope}, not of {wanted}.",
            kind="snapshot-scope",
            hint=f"Give it as --{tree.scope} {reference}",
        )


def _is_code(path: str) -> bool:
    return path.endswith(CODE)


def _modules(tree: Snapshot) -> tuple[Entry, ...]:
    return tuple(entry for entry in tree.entries if not entry.path.endswith((EXECUTED, LOCK)))


def _restore(project: Project, entries: tuple[Entry, ...], target: Path) -> None:
    inside = []
    for entry in entries:
        if PurePosixPath(entry.path).is_absolute():
            _check_outside(project, entry)
        elif isinstance(entry.reference, Reference) and "://" in entry.path:
            raise IntegrityError(
                f"{entry.path} lies in no folder, and cannot be laid out as it was.",
                kind="workspace-outside",
                hint="Restore it to a file of the project, and read it from there.",
            )
        else:
            inside.append(entry)
    tree = Snapshot(scope=Scope.DATA, entries=tuple(inside))
    actions = plan(tree, target=target, paths=(), elsewhere=True, stats=project.stats)
    restore(actions, objects=project.objects, root=project.root, force=True)


def _check_outside(project: Project, entry: Entry) -> None:
    """A step reads such a file where it lies: it must be as it was."""
    path = Path(entry.path)
    if isinstance(entry.reference, Reference):
        is_as_then = is_same(entry.reference, path, project.stats)
    else:
        is_as_then = path.is_file() and project.stats.digest(path) == entry.digest
    if not is_as_then:
        raise IntegrityError(
            f"{entry.path} lies outside of the project, and is no longer as in the snapshot.",
            kind="workspace-outside",
            hint="Bring it back, or read it from inside of the project.",
        )


def _extract(project: Project, commit: str, target: Path, *, is_whole: bool) -> None:
    """The project as it was committed: all of it, or what is code."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".nbmlops-", suffix=".tar") as file:
        command = ["git", "archive", "--format=tar", "-o", file.name, commit]
        if output_of(command, folder=project.root, timeout_seconds=ARCHIVE_SECONDS) is None:
            raise NotFoundError(
                f"Commit {short(commit)} has nothing of this project.",
                kind="commit-empty",
                hint=f"Look at it: git show --stat {short(commit)}",
            )
        with tarfile.open(file.name) as archive:
            members = [member for member in archive if is_whole or member.isdir() or _is_code(member.name)]
            archive.extractall(target, members=members, filter="data")


def _copy_pipeline(project: Project, pipeline: Pipeline, folder: Path, target: Path) -> None:
    """As it is now, whatever the code of then has in its place."""
    names = [DOCUMENT, CERTIFICATE, *(step.notebook for step in pipeline.steps)]
    if (folder / pipeline.notebook).resolve().is_relative_to(project.root):
        names.append(pipeline.notebook)
    for name in names:
        if (folder / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, target / name)
