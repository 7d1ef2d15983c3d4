from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, place, size
from nbmlops.lib.digest import short
from nbmlops.ops.restore import Result
from nbmlops.snapshot.restore import Action

TONES = {Action.WRITE: Tone.GOOD, Action.KEEP: Tone.DIM}
WORDS = {Action.SKIP: "skip (outside of the project: use --to)", Action.KEEP: "keep (same)"}
SHOWN = 30


def page(result: Result) -> Page:
    verb = "Would restore" if result.is_dry_run else "Restored"
    rows = tuple(
        (
            cell(WORDS.get(file.action, file.action), TONES.get(file.action, Tone.WARN)),
            cell(file.path),
            cell(size(file.size)),
        )
        for file in result.files[:SHOWN]
    )
    more = len(result.files) - SHOWN
    return (
        Line(f"{verb} {short(result.snapshot)} to {place(result.target)}", Tone.GOOD),
        Table(columns=("", "file", "size"), rows=rows, numeric=frozenset({2})),
        *((Line(f"and {more} more", Tone.DIM),) if more > 0 else ()),
    )
