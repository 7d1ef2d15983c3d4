"""One act as one cell, and what was seen of it. Tests that need the system's notices are marked with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch, Seen
from nbmlops.model.cell import FileUse


def _refusal() -> str:
    try:
        Fanotify().close()
    except OSError as error:
        return str(error)
    return ""


needs_fanotify = pytest.mark.skipif(bool(_refusal()), reason=f"this machine has no fanotify: {_refusal()}")


def seen(files: FileWatch, act: Callable[[], object]) -> Seen:
    files.begin()
    act()
    return files.end()


def inputs(files: FileWatch, act: Callable[[], object]) -> dict[str, FileUse]:
    return {use.path: use for use in seen(files, act).inputs}


def natively(command: str) -> list[str]:
    return ["sh", "-c", command]
