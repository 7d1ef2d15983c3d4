from nbmlops.doors.render.blocks import Line, Page, Tone, fields
from nbmlops.lib.digest import short
from nbmlops.ops.annotate import Result


def page(result: Result) -> Page:
    run = result.run
    was = f", until now {result.before}" if result.before != run.name else ""
    tags = [(key, value) for key, value in sorted(run.tags.items()) if not key.startswith(("mlflow.", "nbmlops."))]
    return (
        Line(f"{run.name}  {short(run.id)}{was}", Tone.STRONG),
        *((fields(tags, title="Tags"),) if tags else ()),
        *((fields([("note", result.note)]),) if result.note else ()),
    )
