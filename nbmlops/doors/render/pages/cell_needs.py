from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.cell_needs import Result

_SAID = {True: ("It is needed now", Tone.WARN), False: ("It is not needed now", Tone.GOOD),
         None: ("It cannot tell", Tone.BAD)}  # fmt: skip


def page(result: Result) -> Page:
    said, tone = _SAID[result.reason.holds]
    return (
        Line(f"{said}: {result.reason.why}.", tone),
        Line(f"Name it in a reconciler's needs: python: {result.entry}", Tone.DIM),
    )
