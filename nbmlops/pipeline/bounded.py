"""How much of what cells show an executed notebook keeps: hours of printing fill neither memory nor disk."""

from __future__ import annotations

from typing import Any

LARGEST_TEXT = 10_000_000
"""What a step's kernel sends of a cell's text: more would wait in its memory, and in that of whoever listens."""
LARGEST_CELL = 25_000_000
LARGEST_NOTEBOOK = 100_000_000
"""Characters, about what they take in the file."""


def left_out(count: int) -> str:
    return f"nbmlops left out {count:,} characters of this cell's output: more than it keeps.\n"


class Bounds:
    """Of one notebook that is being executed."""

    def __init__(self) -> None:
        self._total = 0
        self._cells: dict[int, int] = {}
        self._left_out: dict[int, int] = {}

    def takes(self, cell: int, kind: str, content: dict[str, Any]) -> bool:
        """Whether a message of the kernel has room. Errors always have; a text that has not is cut."""
        size = _size(content)
        used = self._cells.get(cell, 0)
        room = min(LARGEST_CELL - used, LARGEST_NOTEBOOK - self._total)
        if kind == "stream" and 0 < room < size:
            text = content["text"]
            content["text"] = text[:room]
            self._left_out[cell] = self._left_out.get(cell, 0) + len(text) - room
            size = room
        elif kind != "error" and size > room:
            self._left_out[cell] = self._left_out.get(cell, 0) + size
            return False
        self._cells[cell] = used + size
        self._total += size
        return True

    def forget(self, cell: int) -> None:
        """The cell has cleared what it showed."""
        self._total -= self._cells.pop(cell, 0)

    def note(self, cell: int) -> str:
        """What is missing of a cell, in words; empty when nothing is."""
        return left_out(self._left_out[cell]) if cell in self._left_out else ""


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return 8
