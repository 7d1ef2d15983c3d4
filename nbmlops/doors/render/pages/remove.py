from nbmlops.doors.render.blocks import Line, Page, Tone, size
from nbmlops.ops.remove import Result


def page(result: Result) -> Page:
    if not result.is_gone:
        left = ", ".join(result.tags)
        return (Line(f"{result.reference} is no name any more; the package is still there as {left}.", Tone.GOOD),)
    return (Line(f"Removed {result.reference}; {size(result.freed)} freed.", Tone.GOOD),)
