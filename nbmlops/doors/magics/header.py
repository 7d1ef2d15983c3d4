"""`%%mlops run NAME` as the first line of an otherwise ordinary cell.

The line is rewritten to a call and the rest is left to IPython, so that the cell keeps its line numbers, its own
magics, `await` at top level and the display of its last expression; nothing is executed inside something else.
"""

from __future__ import annotations

CELL_MAGIC = "%%mlops "


def strip_header(lines: list[str]) -> list[str]:
    """An input transformer: pure, called also for cells that are only being typed."""
    if not lines or not lines[0].startswith(CELL_MAGIC):
        return lines
    arguments = lines[0].removeprefix(CELL_MAGIC).strip()
    if not arguments.startswith("run ") or _begins_with_cell_magic(lines[1:]):
        return lines
    return [f"get_ipython().run_line_magic('mlops', {'cell ' + arguments!r});\n", *lines[1:]]


def _begins_with_cell_magic(lines: list[str]) -> bool:
    """`%%time` below ours must stay first: then the whole is an ordinary cell magic."""
    first = next((line for line in lines if line.strip()), "")
    return first.startswith("%%")
