import json
from typing import Any

from nbmlops.doors.render.blocks import Block, Line, Page, Source, Table, Tone, cell, many
from nbmlops.ops.predict import Result

SHOWN = 20
_MOST_LETTERS = 4000


def page(result: Result) -> Page:
    by = f"Revision {result.revision}" if result.revision else "It"
    said = Line(f"{by} has answered in {result.seconds * 1000:.0f} ms.", Tone.DIM)
    return *_shown(result.predictions), said


def _shown(found: Any) -> tuple[Block, ...]:
    if isinstance(found, list) and found and not isinstance(found[0], list | dict):
        rows = tuple((cell(number, Tone.DIM), cell(each)) for number, each in enumerate(found[:SHOWN]))
        more = (Line(f"and {many(len(found) - SHOWN, 'row')} more", Tone.DIM),) if len(found) > SHOWN else ()
        return Table(columns=("row", "prediction"), rows=rows, numeric=frozenset({0, 1})), *more
    text = json.dumps(found, indent=2)
    return (Source(text[:_MOST_LETTERS] + ("\n..." if len(text) > _MOST_LETTERS else "")),)
