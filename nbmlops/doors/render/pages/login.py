from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.login import Result


def page(result: Result) -> Page:
    return (Line(f"Logged in to {result.registry} as {result.username}; kept in {result.place}.", Tone.GOOD),)
