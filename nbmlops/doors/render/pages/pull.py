from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.doors.render.layers import layer_table
from nbmlops.ops.pull import Result


def page(result: Result) -> Page:
    package = result.package
    parts = [f"{many(result.fetched, 'blob')} fetched ({size(result.fetched_bytes)})"]
    parts += [f"{result.known} here already"] if result.known else []
    done = Line(f"Pulled {package.reference}: {', '.join(parts)}.", Tone.GOOD)
    return (layer_table(package), done, Line(package.digest, Tone.DIM))
