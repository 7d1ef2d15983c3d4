"""Two trees -> what changed between them."""

from __future__ import annotations

from nbmlops.model.snapshot import Change, ChangeKind, Entry


def diff(before: tuple[Entry, ...], after: tuple[Entry, ...]) -> tuple[Change, ...]:
    """Changes by path, sorted. Content, link target and the executable bit count; times do not."""
    old = {entry.path: entry for entry in before}
    new = {entry.path: entry for entry in after}
    changes = []
    for path in sorted(old.keys() | new.keys()):
        left, right = old.get(path), new.get(path)
        if left is None and right is not None:
            changes.append(Change(path=path, change=ChangeKind.ADDED, after=right.size))
        elif right is None and left is not None:
            changes.append(Change(path=path, change=ChangeKind.REMOVED, before=left.size))
        elif left is not None and right is not None and left != right:
            changes.append(Change(path=path, change=ChangeKind.CHANGED, before=left.size, after=right.size))
    return tuple(changes)
