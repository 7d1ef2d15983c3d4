from nbmlops.doors.render.blocks import Line, Page, Table, Tone, ago, cell, size
from nbmlops.ops.packages import Result


def page(result: Result) -> Page:
    if not result.packages:
        return (Line("No packages yet. Make one: nbmlops pack FOLDER", Tone.DIM),)
    rows = tuple(
        (
            cell(each.reference.partition("@")[0], Tone.STRONG),
            cell(", ".join(each.tags[1:])),
            cell(each.digest[7:19], Tone.DIM),
            cell(size(each.bytes)),
            cell(len(each.layers) or ""),
            cell("signed" if each.is_signed else ""),
            cell(ago(each.came, result.now), Tone.DIM),
            cell(each.problem or each.created[:10], Tone.WARN if each.problem else Tone.DIM),
        )
        for each in result.packages
    )
    columns = ("package", "also", "digest", "size", "layers", "", "came", "made")
    return (Table(columns=columns, rows=rows, numeric=frozenset({3, 4}), optional=frozenset({1, 5, 6, 7})),)
