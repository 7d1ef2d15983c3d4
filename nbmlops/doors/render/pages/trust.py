from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell
from nbmlops.ops.trust import Result


def page(result: Result) -> Page:
    lines = []
    if result.removed:
        lines.append(Line(f"{result.removed} is trusted no longer.", Tone.GOOD))
    elif result.added:
        name = next(each.name for each in result.keys if each.fingerprint == result.added)
        said = "Models that they sign may run code here." if result.is_new else "You did already."
        lines.append(Line(f"You trust {name} ({result.added[:16]}). {said}", Tone.GOOD))
    elif not result.keys:
        return (Line("You trust nobody's key yet. Add one: nbmlops trust KEY.pub", Tone.DIM),)
    rows = tuple(
        (cell(each.name, Tone.STRONG), cell(each.fingerprint[:16], Tone.DIM), cell(f"{each.added:%Y-%m-%d}", Tone.DIM))
        for each in result.keys
    )
    return (*lines, *((Table(columns=("who", "key", "since"), rows=rows),) if rows else ()))
