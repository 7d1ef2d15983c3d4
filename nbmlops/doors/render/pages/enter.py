from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, many, place
from nbmlops.ops.enter import Result

MOST = 12


def page(result: Result) -> Page:
    when = "when its cell had failed" if result.moment == "failed" else "when it began"
    names = ", ".join(result.names[:MOST]) + (" ..." if len(result.names) > MOST else "")
    refused = tuple((cell(name, Tone.STRONG), cell(why, Tone.DIM)) for name, why in result.refused.items())
    return (
        Line(f"In step {result.step} as {when}: {many(len(result.names), 'variable')}", Tone.GOOD),
        *((Line(names, Tone.DIM),) if names else ()),
        *((Line(result.error, Tone.BAD),) if result.error else ()),
        *((Table(columns=("not here", "why"), rows=refused),) if refused else ()),
        Line(f"Mend {place(result.notebook)}, then: nbmlops resume", Tone.DIM),
    )
