from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.approve import Result


def page(result: Result) -> Page:
    found = result.proposal
    return (
        Line(f"Version {found.value} of {result.reconciler.model} is merged and is the champion.", Tone.GOOD),
        Line(f"Take it back: {result.undo}", Tone.DIM),
    )
