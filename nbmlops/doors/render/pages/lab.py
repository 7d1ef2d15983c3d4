from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.lab import Result


def page(result: Result) -> Page:
    return (Line("JupyterLab has ended.", Tone.DIM),)
