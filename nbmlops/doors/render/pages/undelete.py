from nbmlops.doors.render.blocks import Line, Page, Tone, many
from nbmlops.lib.digest import short
from nbmlops.ops.undelete import Result


def page(result: Result) -> Page:
    names = ", ".join(f"{run.name} ({short(run.id)})" for run in result.runs)
    inside = f", with {many(len(result.inside), 'run')} inside" if result.inside else ""
    return (Line(f"Back again: {names}{inside}.", Tone.GOOD),)
