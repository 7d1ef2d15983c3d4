from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.doors.render.layers import layer_table
from nbmlops.ops.pack import Result

MOST = 5
"""Paths that are named."""


def page(result: Result) -> Page:
    names = ", ".join(result.references)
    about = f"{many(result.files, 'file')}, {size(result.package.bytes)}"
    lines = [Line(f"Packed {names}: {about}.", Tone.GOOD), Line(result.package.digest, Tone.DIM)]
    if result.data:
        lines.append(Line(f"Its data are apart: {result.data}.", Tone.DIM))
    if result.remote:
        named = ", ".join(result.remote[:MOST]) + (", ..." if len(result.remote) > MOST else "")
        lines.append(Line(f"Data that stay where they are: {named}.", Tone.DIM))
    if result.left_out:
        named = ", ".join(result.left_out[:MOST]) + (", ..." if len(result.left_out) > MOST else "")
        lines.append(Line(f"Left out, as links and devices always are: {named}.", Tone.WARN))
    if result.before:
        lines.append(Line(f"{result.references[0]} was {result.before[7:19]} until now.", Tone.DIM))
    return (layer_table(result.package, frozenset(result.known)), *lines)
