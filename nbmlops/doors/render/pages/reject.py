from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.reject import Result


def page(result: Result) -> Page:
    found = result.proposal
    return (Line(f"Version {found.value} of {result.reconciler.model} is never proposed again.", Tone.GOOD),)
