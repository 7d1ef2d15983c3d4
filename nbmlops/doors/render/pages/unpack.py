from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.doors.render.untrusted import untrusted_lines
from nbmlops.ops.unpack import Result

MOST = 5
"""Paths that are named."""


def page(result: Result) -> Page:
    done = f"Unpacked {result.package.reference} to {result.folder}: {many(len(result.files), 'file')}"
    lines = [Line(f"{done}, {size(result.bytes)}.", Tone.GOOD)]
    if result.bases:
        lines.append(Line(f"Its model is that of {' and '.join(result.bases)}.", Tone.DIM))
    if result.data:
        lines.append(Line(f"Its data came from {' and '.join(result.data)}.", Tone.DIM))
    if result.left:
        named = " and ".join(result.left[:MOST])
        lines.append(Line(f"Its data stayed in {named}. Bring them along: --include-remote", Tone.WARN))
    if result.kept:
        named = ", ".join(result.kept[:MOST]) + (", ..." if len(result.kept) > MOST else "")
        lines.append(Line(f"Left as they were: {named}", Tone.DIM))
    return (*lines, *untrusted_lines(result.untrusted))
