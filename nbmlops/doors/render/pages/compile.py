from nbmlops.doors.render.blocks import Line, Page, Tone, many, place
from nbmlops.ops.compile import Result


def page(result: Result) -> Page:
    head = f"{result.pipeline} for {result.to}: {many(len(result.files), 'file')} in {place(result.folder)}"
    return (Line(head, Tone.STRONG), *(Line(f"  {name}", Tone.DIM) for name in result.files))
