from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.lib.digest import short
from nbmlops.ops.promote import Result


def page(result: Result) -> Page:
    made = "registered" if result.is_new else "already registered"
    head = f"{result.model} version {result.version} ({made}) is {result.alias} now"
    before = "No version had that alias before."
    if result.before == result.version:
        before = "It was before."
    elif result.before:
        run = f", from run {short(result.before_run)}" if result.before_run else ""
        before = f"Until now it was version {result.before}{run}."
    return (Line(head, Tone.GOOD), Line(before), Line(f"Load it: {result.address}", Tone.DIM))
