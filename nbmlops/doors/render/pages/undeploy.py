from nbmlops.doors.render.blocks import Line, Page, Tone, many
from nbmlops.ops.undeploy import Result


def page(result: Result) -> Page:
    said = f"{result.name} has stopped." if result.was_running else f"{result.name} was not running."
    if result.is_forgotten:
        return (Line(f"{said} It is forgotten, with {many(result.revisions, 'revision')}.", Tone.GOOD),)
    return (
        Line(said, Tone.GOOD),
        Line(f"Start it again: nbmlops deploy --name {result.name}", Tone.DIM),
    )
