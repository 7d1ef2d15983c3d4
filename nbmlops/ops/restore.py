"""`restore`: bring back the files of a snapshot or of a run."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.model.snapshot import Scope
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.find_tree import find_tree
from nbmlops.snapshot.restore import Action, Placed, plan
from nbmlops.snapshot.restore import restore as restore_files


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    snapshot: Annotated[str, positional("A snapshot, a run, or `data` / `code` for the newest.")]
    paths: Annotated[tuple[str, ...], positional("Only these files, folders or patterns of it.", metavar="PATH")] = ()
    to: Annotated[str, option("Folder to restore to instead of in place.", metavar="FOLDER")] = ""
    code: Annotated[bool, option("Of a run, restore the code instead of the data.")] = False
    force: Annotated[bool, option("Overwrite files that differ.", short="f")] = False
    dry_run: Annotated[bool, option("Only say what would be done.", short="n")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    snapshot: str
    target: str
    files: tuple[Placed, ...]
    is_dry_run: bool = False


def restore(call: Call, request: Request) -> Result:
    """Raises ConflictError when files would be overwritten without `force`; then nothing is written."""
    project = call.project
    digest, tree = find_tree(project, request.snapshot, Scope.CODE if request.code else Scope.DATA)
    target = call.path(request.to) if request.to else project.root
    actions = plan(tree, target=target, paths=request.paths, elsewhere=bool(request.to), stats=project.stats)
    if request.dry_run:
        files = tuple(Placed(path=entry.path, action=action, size=entry.size) for entry, _, action in actions)
    else:
        total = sum(action in (Action.WRITE, Action.OVERWRITE) for _, _, action in actions)
        done = 0

        def tell(path: str) -> None:
            nonlocal done
            done += 1
            call.progress(Progress(task="restore", done=done, total=total, note=path))

        files = restore_files(actions, objects=project.objects, root=project.root, force=request.force, progress=tell)
        call.progress(Progress(task="restore", done=done, total=total, note=f"{done} of {total}", state="done"))
    return Result(snapshot=digest, target=str(target), files=files, is_dry_run=request.dry_run)
