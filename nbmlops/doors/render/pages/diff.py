from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, size
from nbmlops.lib.digest import short
from nbmlops.model.snapshot import ChangeKind
from nbmlops.ops.diff import Result

TONES = {ChangeKind.ADDED: Tone.GOOD, ChangeKind.REMOVED: Tone.BAD, ChangeKind.CHANGED: Tone.WARN}


def page(result: Result) -> Page:
    after = short(result.after) if result.after else "now"
    files = "file" if result.same == 1 else "files"
    head = Line(f"{short(result.before)} → {after}: {result.same} {files} the same", Tone.STRONG)
    if not result.changes:
        return (head, Line("Nothing changed.", Tone.GOOD))
    rows = tuple(
        (
            cell(change.change, TONES[change.change]),
            cell(change.path),
            cell(size(change.before)),
            cell(size(change.after)),
        )
        for change in result.changes
    )
    return (head, Table(columns=("", "file", "before", "after"), rows=rows, numeric=frozenset({2, 3})))
