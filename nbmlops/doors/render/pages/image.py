from nbmlops.doors.render.blocks import Line, Page, Tone, many, size
from nbmlops.ops.image import PORT, Result


def page(result: Result) -> Page:
    parts = [many(result.layers, "layer"), size(result.bytes), result.platform]
    parts += [f"Python {result.python}", many(result.wheels, "package")] if result.python else []
    where = f"Wrote {result.name} to {result.file}" if result.file else ""
    where = where or (f"{result.name} is in {result.engine}" if result.engine else "")
    where = where or f"Pushed {result.name} ({many(result.sent, 'blob')} sent)"
    lines = [
        Line(f"{where}: {', '.join(parts)}.", Tone.GOOD),
        Line(result.digest, Tone.DIM),
    ]
    if result.clashes:
        more = f" and {len(result.clashes) - 1} more" if len(result.clashes) > 1 else ""
        lines.append(Line(f"Two packages bring {result.clashes[0]}{more}: the later by name stays.", Tone.WARN))
    if result.engine:
        lines.append(Line(f"Run it: {result.engine} run -p 127.0.0.1:{PORT}:{PORT} localhost/{result.name}", Tone.DIM))
    return tuple(lines)
