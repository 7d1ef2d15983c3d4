from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.suspend import Result


def page(result: Result) -> Page:
    found = result.reconciler
    if found.is_suspended:
        return (Line(f"{found.name} does nothing. Let it go on: nbmlops suspend {found.name} --off", Tone.WARN),)
    pin = f" It is no longer pinned to {result.unpinned}." if result.unpinned else ""
    return (Line(f"{found.name} goes on.{pin}", Tone.GOOD),)
