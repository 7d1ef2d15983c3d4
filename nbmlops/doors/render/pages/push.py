from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.ops.push import Result


def page(result: Result) -> Page:
    names = ", ".join(result.references)
    if not result.is_new:
        return (Line(f"{names} was there already: nothing was sent.", Tone.GOOD), Line(result.digest, Tone.DIM))
    parts = [f"{many(result.sent, 'blob')} sent ({size(result.sent_bytes)})"]
    parts += [f"{result.mounted} taken from its other repositories"] if result.mounted else []
    parts += [f"{result.known} there already"] if result.known else []
    parts += [f"{many(result.attached, 'signature')} along with it"] if result.attached else []
    data = [Line(f"Its data went before it: {' and '.join(result.data)}.", Tone.DIM)] if result.data else []
    return (Line(f"Pushed {names}: {', '.join(parts)}.", Tone.GOOD), Line(result.digest, Tone.DIM), *data)
