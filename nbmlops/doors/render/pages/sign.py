from nbmlops.doors.render.blocks import Line, Page, Tone
from nbmlops.ops.sign import Result


def page(result: Result) -> Page:
    key = f"key {result.key[:16]}"
    lines = (
        [Line(f"Made {' and '.join(result.files)}. Give the .pub to whoever verifies.", Tone.GOOD)]
        if result.files
        else []
    )
    if result.warning:
        lines.append(Line(result.warning, Tone.WARN))
    said = (
        f"Signed {result.reference} with {key}."
        if result.made
        else f"{result.reference} was signed with {key} already."
    )
    return (*lines, Line(said, Tone.GOOD), Line(result.digest, Tone.DIM))
