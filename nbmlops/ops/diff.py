"""`diff`: what changed between two snapshots or runs, or since one of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.model.snapshot import Change, Entry, Reference, Scope
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.find_tree import find_tree
from nbmlops.project import Project
from nbmlops.snapshot.diff import diff as tree_diff
from nbmlops.snapshot.references import is_same
from nbmlops.snapshot.scan import scan


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    before: Annotated[str, positional("A snapshot, a run, or `data` / `code` for the newest.")]
    after: Annotated[str, positional("Another; without it, the files as they are now.")] = ""
    code: Annotated[bool, option("Of runs, compare the code instead of the data.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    before: str
    after: str
    """Empty: the files as they are now."""
    changes: tuple[Change, ...]
    same: int
    """How many files did not change."""


def diff(call: Call, request: Request) -> Result:
    project = call.project
    scope = Scope.CODE if request.code else Scope.DATA
    before, old = find_tree(project, request.before, scope)
    if request.after:
        after, new = find_tree(project, request.after, scope)
        entries = new.entries
    else:
        after, entries = "", entries_now(project, old.entries)
    changes = tree_diff(old.entries, entries)
    same = len({entry.path for entry in (*old.entries, *entries)}) - len(changes)
    return Result(before=before, after=after, changes=changes, same=same)


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
        if isinstance(entry.reference, Reference)
        and is_same(entry.reference, project.absolute(entry.path), project.stats)
    }
    return tuple(same.get(entry.path, entry) for entry in found)
