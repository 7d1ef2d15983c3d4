from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, fields, many, size
from nbmlops.lib.digest import short
from nbmlops.ops.gc import Result


def page(result: Result) -> Page:
    shares = tuple(
        (cell(share.name, Tone.STRONG), cell(short(share.run), Tone.DIM), cell(size(share.own_bytes)))
        for share in result.runs
    )
    return (
        Line(f"{'Would free' if result.is_dry_run else 'Freed'} {size(result.freed)}", Tone.GOOD),
        fields(
            [
                ("snapshots no longer needed", many(len(result.snapshots), "snapshot") if result.snapshots else ""),
                (
                    "packs",
                    f"{result.packs_before} → {result.packs_after}" if not result.is_dry_run else result.packs_before,
                ),
                ("old objects packed", result.folded or ""),
                ("leftovers of killed writers", result.leftovers or ""),
                ("results of steps no longer kept", result.results or ""),
            ]
        ),
        *(
            (Table(columns=("deleting run", "id", "would free"), rows=shares, numeric=frozenset({2})),)
            if shares
            else ()
        ),
    )
