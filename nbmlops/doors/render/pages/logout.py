from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.logout import Result


def page(result: Result) -> Page:
    if not result.was_known:
        return (Line(f"There was no login for {result.registry}.", Tone.DIM),)
    return (Line(f"The login for {result.registry} is forgotten.", Tone.GOOD),)
