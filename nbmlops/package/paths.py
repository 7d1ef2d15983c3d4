"""Paths inside of a package: forward slashes, relative, never out of its folder."""

from __future__ import annotations

import posixpath


def clean(path: str) -> str | None:
    """`./a//b/` is `a/b`, the folder itself is `.`; None for what leads elsewhere."""
    if not path or path.startswith("/") or "\0" in path or "\\" in path:
        return None
    plain = posixpath.normpath(path)
    return None if plain == ".." or plain.startswith("../") else plain


def is_inside(path: str, folder: str) -> bool:
    """Whether a clean path is a folder's or in it, by its elements: `data_notes` is not in `data`."""
    return folder == "." or path == folder or path.startswith(f"{folder}/")
