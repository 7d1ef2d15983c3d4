"""The text of a kept cell as it stands in its step: verbatim, without what the step does elsewhere.

body_text(cell, removed)      # parameter assignments, `!pip install`, a `%%mlops run` header are gone
"""

from __future__ import annotations

from collections.abc import Collection

from nbmlops.model.dataflow import CellFlow, Role, Statement

_AT_THE_KEYBOARD = "does nothing"


def body_text(cell: CellFlow, parameters: Collection[int]) -> str:
    """Empty where nothing is left. `parameters` are positions of statements that only set parameters."""
    removed = [
        statement
        for statement in cell.statements
        if statement.position in parameters
        or (statement.role is Role.HOUSEKEEPING and statement.why != _AT_THE_KEYBOARD)
    ]
    left = [s for s in cell.statements if s not in removed and s.role is not Role.HOUSEKEEPING]
    if not left:
        return ""
    text = _without(cell.source, removed)
    if cell.header_lines:
        text = "\n".join(text.split("\n")[cell.header_lines :])
    text = text.strip("\n")
    if all(line.startswith("%%") for line in text.split("\n") if line.strip()):
        text += "\npass"  # a cell magic needs a body
    return text


def _without(source: str, statements: list[Statement]) -> str:
    """Cut statements out of a text, whole lines where they stand alone."""
    lines = source.split("\n")
    for statement in sorted(statements, key=lambda each: (each.first_line, each.first_column), reverse=True):
        first, last = statement.first_line - 1, statement.last_line - 1
        before = _part(lines[first], 0, statement.first_column)
        after = _part(lines[last], statement.last_column, None)
        rest = after.lstrip().removeprefix(";").lstrip()
        if not before.strip() and (not rest or rest.startswith("#")):
            del lines[first : last + 1]
        elif rest and not rest.startswith("#"):
            lines[first : last + 1] = [before + rest]
        else:
            lines[first : last + 1] = [before.rstrip().removesuffix(";").rstrip() + (f"  {rest}" if rest else "")]
    return "\n".join(lines)


def _part(line: str, first: int, last: int | None) -> str:
    """Columns count bytes, as Python's parser does."""
    return line.encode()[first:last].decode(errors="replace")
