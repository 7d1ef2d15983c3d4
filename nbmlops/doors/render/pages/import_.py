from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.doors.render.layers import layer_table
from nbmlops.ops.import_ import Result


def page(result: Result) -> Page:
    about = f"{many(result.files, 'file')}, {size(result.package.bytes)}"
    lines = [
        Line(f"Imported {', '.join(result.references)}: {about}.", Tone.GOOD),
        Line(f"{result.model} of run {result.run_name} ({result.run[:12]}) on {result.server}.", Tone.DIM),
        Line(result.package.digest, Tone.DIM),
    ]
    if result.before:
        lines.append(Line(f"{result.references[0]} was {result.before[7:19]} until now.", Tone.DIM))
    return (layer_table(result.package), *lines)
