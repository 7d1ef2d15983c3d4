from nbmlops.doors.render.blocks import Cell, Line, Page, Tone, fields, many, seconds
from nbmlops.lib.digest import short
from nbmlops.ops.batch import Result


def page(result: Result) -> Page:
    rows = "not counted before" if result.rows is None else f"{result.rows:,}"
    shown = fields(
        [
            ("model", f"{result.model} ({short(result.digest.removeprefix('sha256:'))})"),
            ("input", f"{result.input}, {many(result.files, 'file')}"),
            ("rows", rows),
            ("could not be scored", Cell(f"{result.failed:,}", Tone.WARN) if result.failed else None),
            ("parts", _parts(result)),
            ("run", short(result.run)),
            ("snapshot", short(result.snapshot)),
        ]
    )
    if result.is_dry_run:
        return Line(f"{result.output} would be written.", Tone.GOOD), shown
    pace = f", {round(result.rows / result.seconds):,} a second" if result.rows and result.seconds else ""
    return (
        Line(f"{result.output} has {many(result.written, 'row')}, after {seconds(result.seconds)}{pace}", Tone.GOOD),
        shown,
    )


def _parts(result: Result) -> str:
    more = f", {result.kept_parts} of them scored before" if result.kept_parts else ""
    return f"{result.parts:,}{more}"
