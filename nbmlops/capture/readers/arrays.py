"""numpy, h5py, PyTables, safetensors, joblib and torch: who reads and writes arrays and models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from nbmlops.capture.readers.entry import Arguments, Entry, Source, argument, named, reading, writing
from nbmlops.capture.sightings import READ, WRITTEN


def _opening(keyword: str, position: int, default: str) -> Arguments:
    """A file and a mode, as `open` has them; `w-` and `x` refuse a file that exists."""

    def sources(args: Sequence[Any], options: Mapping[str, Any]) -> list[Source]:
        given = argument(args, options, keyword, position)
        mode = argument(args, options, "mode", position + 1) or default
        if mode == "r":
            use = READ
        elif mode in ("w", "w-", "x") or not isinstance(given, (str, bytes, os.PathLike)):
            use = WRITTEN
        else:  # "a" and "r+": what is there is read, and may be changed
            use = READ | WRITTEN if os.path.exists(given) else WRITTEN
        return named(given, use)

    return sources


ENTRIES = (
    *reading("numpy", "load", "file"),
    *reading("numpy", "loadtxt genfromtxt", "fname"),
    *reading("numpy", "fromfile", "file"),
    *reading("joblib", "load", "filename"),
    *reading("torch", "load", "f"),
    *writing("torch", "save", "f"),
    Entry(module="h5py", name="File.__init__", sources=_opening("name", 1, "r")),
    Entry(module="tables", name="File.__init__", sources=_opening("filename", 1, "r")),
    *reading("safetensors", "safe_open", "filename", gives_table=False),
    *reading("safetensors.numpy", "load_file", "filename"),
    *writing("safetensors.numpy", "save_file", "filename"),
    *reading("safetensors.torch", "load_file", "filename"),
    *writing("safetensors.torch", "save_file", "filename"),
)
