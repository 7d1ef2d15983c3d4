from nbmlops.doors.render.blocks import Line, Page, Source, Tone
from nbmlops.ops.logs import Result


def page(result: Result) -> Page:
    if not result.lines:
        return (Line(f"The {result.source} of {result.name} has said nothing.", Tone.DIM),)
    return (Source("\n".join(result.lines), title=f"{result.name}, {result.source}"),)
