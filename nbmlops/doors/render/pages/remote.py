from nbmlops.doors.render.blocks import Cell, Line, Page, Table, Tone, cell, many, size
from nbmlops.lib.digest import short
from nbmlops.ops.remote import Known, Result


def page(result: Result) -> Page:
    if result.moved is not None:
        return _moved(result)
    if not result.remotes:
        return (Line("No remotes. Add one: nbmlops remote add NAME URL", Tone.DIM),)
    if result.action == "add":
        return (Line(f"Added {result.remotes[0].name}: {result.remotes[0].url}", Tone.GOOD),)
    if result.action == "status":
        rows = tuple(_row(each) for each in result.remotes)
        columns = ("remote", "address", "packs", "size", "to push", "to pull", "")
        return (Table(columns=columns, rows=rows, numeric=frozenset({2, 3, 4, 5})),)
    rows = tuple((cell(each.name, Tone.STRONG), cell(each.url)) for each in result.remotes)
    return (Table(columns=("remote", "address"), rows=rows),)


def _row(known: Known) -> tuple[Cell, ...]:
    if known.packs is None:
        return (cell(known.name, Tone.STRONG), cell(known.url), *[cell("")] * 4, cell(known.problem, Tone.BAD))
    return (
        cell(known.name, Tone.STRONG),
        cell(known.url),
        cell(known.packs),
        cell(size(known.size or 0)),
        cell(known.to_push),
        cell(known.to_pull),
        cell(known.problem, Tone.BAD),
    )


def _moved(result: Result) -> Page:
    moved = result.moved
    assert moved is not None
    (remote,) = result.remotes
    way = f"to {remote.name}" if result.action == "push" else f"from {remote.name}"
    if moved.packs:
        head = Line(f"{many(moved.packs, 'pack')}, {size(moved.size)}, {way}", Tone.GOOD)
    else:
        head = Line(f"Nothing to move {way}", Tone.DIM)
    found = [Line(f"{many(result.snapshots, 'snapshot')} new here")] if result.snapshots else []
    bad = [Line(f"Pack {short(name)} is damaged and was not moved whole.", Tone.BAD) for name in moved.damaged]
    return (head, *found, *bad)
