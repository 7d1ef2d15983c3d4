from nbmlops.doors.render.blocks import Line, Page, Tone, fields, many
from nbmlops.lib.digest import short
from nbmlops.ops.keep import Result


def page(result: Result) -> Page:
    inputs = f", {many(len(result.inputs), 'input')}" if result.inputs else ""
    return (
        Line(f"Kept {many(result.cells, 'cell')} as run {result.name} {short(result.run)}{inputs}", Tone.GOOD),
        *_some("Metrics", result.metrics),
        *_some("Parameters", result.params),
        Line(f"Look at it: nbmlops show {short(result.run)}", Tone.DIM),
    )


def _some(title: str, values: dict[str, float] | dict[str, str]) -> Page:
    return (fields(sorted(values.items()), title=title),) if values else ()
