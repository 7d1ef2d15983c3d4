from __future__ import annotations

from nbmlops.model.snapshot import Change, ChangeKind, Entry
from nbmlops.snapshot.diff import diff


def test_a_difference_names_each_path_once_with_its_sizes() -> None:
    before = (
        Entry(path="bit", digest="1", size=1),
        Entry(path="gone", digest="2", size=2),
        Entry(path="same", digest="3", size=3),
        Entry(path="text", digest="4", size=4),
    )
    after = (
        Entry(path="bit", digest="1", size=1, executable=True),
        Entry(path="new", digest="5", size=5),
        Entry(path="same", digest="3", size=3),
        Entry(path="text", digest="6", size=6),
    )
    assert diff(before, after) == (
        Change(path="bit", change=ChangeKind.CHANGED, before=1, after=1),
        Change(path="gone", change=ChangeKind.REMOVED, before=2),
        Change(path="new", change=ChangeKind.ADDED, after=5),
        Change(path="text", change=ChangeKind.CHANGED, before=4, after=6),
    )
    assert diff(before, before) == ()
