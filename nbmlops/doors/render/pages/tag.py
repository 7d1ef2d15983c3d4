from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.tag import Result


def page(result: Result) -> Page:
    moved = [f"{name} was {digest[7:19]} until now." for name, digest in result.before.items()]
    named = f"{result.digest[7:19]} is {', '.join(result.references)}."
    return (Line(named, Tone.GOOD), *(Line(each, Tone.DIM) for each in moved))
