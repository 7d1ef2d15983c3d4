from nbmlops.doors.render.blocks import Line, Page, Tone, many, place
from nbmlops.doors.render.pages.stories import stories
from nbmlops.ops.slice import Result


def page(result: Result) -> Page:
    kept = sum(each.stays for each in result.cells)
    wanted = f" for {', '.join(result.want)}" if result.want else ""
    return (
        Line(f"{kept} of {many(len(result.cells), 'code cell')} are needed{wanted}", Tone.STRONG),
        stories(result.cells),
        *_file(result),
    )


def _file(result: Result) -> Page:
    if not result.file:
        return ()
    if result.is_verified:
        return (Line(f"Written to {place(result.file)}; it runs from the top in a clean kernel.", Tone.GOOD),)
    return (Line(f"Written to {place(result.file)}, not executed.", Tone.WARN),)
