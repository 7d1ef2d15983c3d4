from nbmlops.doors.render.blocks import Cell, Line, Page, Tone, fields, many, size
from nbmlops.lib.digest import short
from nbmlops.ops.snapshot import Result


def page(result: Result) -> Page:
    record = result.record
    news = "Kept" if result.is_new else "Nothing changed since"
    return (
        Line(f"{news} {short(record.snapshot)}", Tone.GOOD),
        fields(
            [
                ("files", f"{many(record.files, 'file')}, {size(record.size)}"),
                ("new in the store", size(record.stored) if result.is_new else ""),
                ("not kept", Cell("\n".join(record.skipped), Tone.WARN) if record.skipped else None),
            ]
        ),
        Line(f"Bring it back: nbmlops restore {short(record.snapshot)}", Tone.DIM),
    )
