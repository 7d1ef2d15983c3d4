from nbmlops.doors.render.blocks import Line, Page, Source, Tone, many, place, size
from nbmlops.lib.digest import short
from nbmlops.ops.executed import Result

LONGEST = 60
"""Lines of code that are shown; --output has the rest."""


def page(result: Result) -> Page:
    of = f", step {result.step}" if result.step else ""
    head = f"{result.run_name} {short(result.run)}{of}: {many(result.cells, 'cell')}, {size(result.bytes)}"
    if result.notebook is None:
        return (Line(f"{head}, written to {place(result.output)}", Tone.GOOD),)
    return (
        Line(head, Tone.STRONG),
        Line(result.source, Tone.DIM),
        *_code(result.notebook["cells"]),
        Line("With outputs: nbmlops executed RUN -o FILE.ipynb", Tone.DIM),
    )


def _code(cells: list[dict[str, object]]) -> tuple[Source, ...]:
    parts = [
        f"[{each['execution_count']}]\n{str(each['source']).rstrip()}\n"
        for each in cells
        if each.get("execution_count")
    ]
    lines = "\n".join(parts).splitlines()
    more = len(lines) - LONGEST
    text = "\n".join([*lines[:LONGEST], *([f"… {more} more lines"] if more > 0 else [])])
    return (Source(text),) if text else ()
