from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.doors.render.deployments import revisions_table
from nbmlops.lib.clock import utc_now
from nbmlops.ops.rollback import Result


def page(result: Result) -> Page:
    name = result.deployment.name
    said = (
        f"Revision {result.answered} of {name} is taken away: all requests go to revision {result.answers}."
        if result.was_canary
        else f"Revision {result.answers} of {name} answers again, in place of {result.answered}."
    )
    return Line(said, Tone.GOOD), revisions_table(result.deployment, utc_now())
