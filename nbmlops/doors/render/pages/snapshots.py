from nbmlops.doors.render.blocks import Line, Page, Table, Tone, ago, cell, many, size
from nbmlops.lib.digest import short
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.snapshots import Result

MOST = 3
"""Runs that are named."""


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
            cell(_runs(record, result), Tone.DIM),
            cell(record.message or record.notebook),
        )
        for record in result.snapshots
    )
    columns = ("snapshot", "of", "taken", "files", "size", "new", "runs", "about")
    store = result.store
    total = f"{many(store.snapshots, 'snapshot')} with {size(store.bytes)} in files"
    return (
        Table(columns=columns, rows=rows, numeric=frozenset({3, 4, 5})),
        *((Line(result.problem, Tone.WARN),) if result.problem else ()),
        Line(f"\n{total}; the store takes {size(store.disk)}, traces and results of steps included.", Tone.DIM),
    )


def _runs(record: SnapshotRecord, result: Result) -> str:
    users = result.users.get(record.snapshot)
    if users is None:
        return ""
    named = ", ".join(run.name for run in users.runs[:MOST])
    more = users.total - MOST
    return f"{named} and {more:,} more" if more > 0 else named
