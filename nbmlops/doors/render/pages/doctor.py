from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, fields
from nbmlops.ops.doctor import Result

MOST_PATCHED = 12


def page(result: Result) -> Page:
    checks = tuple(
        (
            cell("✓", Tone.GOOD) if check.is_good else cell("✗", Tone.WARN),
            cell(check.name),
            cell(check.found, Tone.PLAIN if check.is_good else Tone.WARN),
            cell(check.remedy),
        )
        for check in result.checks
    )
    is_fine = all(check.is_good for check in result.checks)
    more = len(result.patched) - MOST_PATCHED
    patched = [*result.patched[:MOST_PATCHED], *([f"and {more} more"] if more > 0 else [])]
    return (
        fields(list(result.versions.items()), title="Versions"),
        Table(columns=("", "", "found", "" if is_fine else "to do"), rows=checks, title="Checks"),
        *((fields(list(result.origins.items()), title="Settings and where they come from"),) if result.origins else ()),
        *((fields([("", name) for name in patched], title="Patched while tracking is on"),) if patched else ()),
        *(() if is_fine else (Line("\n✗ is worth a look.", Tone.DIM),)),
    )
