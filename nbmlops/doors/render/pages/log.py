from nbmlops.doors.render.blocks import Line, Page, Tone, shown
from nbmlops.ops.log import Result


def page(result: Result) -> Page:
    values = ", ".join(f"{name}={shown(value)}" for name, value in {**result.metrics, **result.params}.items())
    return (Line(f"Logged to {result.run}: {values}", Tone.DIM),)
