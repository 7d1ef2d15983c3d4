from nbmlops.doors.render.blocks import Line, Page, Tone, many
from nbmlops.ops.corrections import Result


def page(result: Result) -> Page:
    rows = many(result.rows, "row")
    said = f"{rows} that people have told the truth of, in {result.file}."
    if not result.is_new:
        said = f"{result.file} holds the {rows} that people have told the truth of, as before."
    lines = [Line(said, Tone.GOOD)]
    if result.unknown:
        lines.append(Line(f"{many(result.unknown, 'label')} of requests that are not kept.", Tone.DIM))
    lines += [Line(note, Tone.WARN) for note in result.notes]
    return tuple(lines)
