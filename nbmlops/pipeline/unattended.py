"""A step's kernel works where nobody looks: what would open a window is noted, and endless printing is cut. What it
computes does not show which process it was.

Imported by the kernel itself, before the first cell.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from nbmlops.lib.importing import after_import
from nbmlops.pipeline.bounded import LARGEST_TEXT, left_out

PRELUDE = "__import__('nbmlops.pipeline.unattended', fromlist=['prepare']).prepare()"


def prepare() -> None:
    from IPython.core.getipython import get_ipython

    after_import("webbrowser", _open_nothing)
    _name_cells_alike()
    shell = get_ipython()
    if shell is not None:
        streams = [_Cut(stream) for stream in (sys.stdout, sys.stderr)]
        for cut in streams:
            shell.events.register("pre_run_cell", cut.begin)
            shell.events.register("post_run_cell", cut.end)


def _name_cells_alike() -> None:
    """Functions know the file of their cell, and pickles tell it: no process is to be known by its name."""
    import tempfile

    from ipykernel import compiler

    folder = str(Path(tempfile.gettempdir()) / "ipykernel_step")
    compiler.get_tmp_directory = lambda: folder


class _Cut:
    """A stream of the kernel that passes on so much of a cell, and counts the rest.

    For each cell anew: IPython too puts its own `write` there while a cell runs, and keeps all that comes by.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._before: Callable[[str], int | None] = stream.write
        self._room = LARGEST_TEXT
        self._left_out = 0

    def write(self, text: str) -> int | None:
        if len(text) <= self._room:
            self._room -= len(text)
            return self._before(text)
        kept = text[: self._room]
        self._left_out += len(text) - len(kept)
        self._room = 0
        if kept:
            self._before(kept)
        return len(text)

    def begin(self, info: object) -> None:
        self._room, self._left_out = LARGEST_TEXT, 0
        self._before = self._stream.write
        self._stream.write = self.write

    def end(self, result: object) -> None:
        if self._stream.write == self.write:
            self._stream.write = self._before
        if self._left_out:
            self._stream.write("\n" + left_out(self._left_out))


class _NoBrowser:
    """What `webbrowser.get` gives."""

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        print(f"nbmlops opens no browser in a step: {url}", file=sys.stderr)  # noqa: T201 - part of the notebook
        return True

    def open_new(self, url: str) -> bool:
        return self.open(url)

    def open_new_tab(self, url: str) -> bool:
        return self.open(url)


def _open_nothing(webbrowser: ModuleType) -> None:
    nobody = _NoBrowser()
    changed: dict[str, Any] = {
        "open": nobody.open,
        "open_new": nobody.open_new,
        "open_new_tab": nobody.open_new_tab,
        "get": lambda using=None: nobody,
    }
    for name, value in changed.items():
        setattr(webbrowser, name, value)
