from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.doors.render.layers import layer_table
from nbmlops.doors.render.untrusted import untrusted_lines
from nbmlops.ops.pull import Result


def page(result: Result) -> Page:
    package = result.package
    parts = [f"{many(result.fetched, 'blob')} fetched ({size(result.fetched_bytes)})"]
    parts += [f"{result.known} here already"] if result.known else []
    parts += [f"{many(result.attached, 'signature')} along with it"] if result.attached else []
    done = Line(f"Pulled {package.reference}: {', '.join(parts)}.", Tone.GOOD)
    lines = [Line(f"Its data came as well: {' and '.join(result.data)}.", Tone.DIM)] if result.data else []
    lines += [Line(f"Its data stayed in {' and '.join(result.left)}.", Tone.DIM)] if result.left else []
    return (layer_table(package), done, Line(package.digest, Tone.DIM), *lines, *untrusted_lines(result.untrusted))
