from nbmlops.doors.render.blocks import Line, Page, Table, Tone, ago, cell, size
from nbmlops.lib.digest import short
from nbmlops.ops.snapshots import Result


def page(result: Result) -> Page:
    if not result.snapshots:
        return (Line("No snapshots yet. Take one: nbmlops snapshot PATH", Tone.DIM),)
    rows = tuple(
        (
            cell(short(record.snapshot), Tone.STRONG),
            cell(record.scope),
            cell(ago(record.taken, result.now)),
            cell(record.files),
            cell(size(record.size)),
            cell(size(record.stored)),
            cell(short(record.run) if record.run else "", Tone.DIM),
            cell(record.message or record.notebook),
        )
        for record in result.snapshots
    )
    columns = ("snapshot", "of", "taken", "files", "size", "new", "run", "about")
    return (Table(columns=columns, rows=rows, numeric=frozenset({3, 4, 5})),)
