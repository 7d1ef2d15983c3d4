from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.serve_needs import Result


def page(result: Result) -> Page:
    times = "once" if result.asked == 1 else f"{result.asked} times"
    return (Line(f"{result.address} was asked {times}, and has ended.", Tone.DIM),)
