"""A copy of the project to execute in, so that proving an export leaves the user's files alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LARGEST_BYTES = 500_000_000
MOST_FILES = 20_000
LEFT_OUT = frozenset(
    {".nbmlops", ".git", ".hg", "__pycache__", ".ipynb_checkpoints", ".venv", "venv", "node_modules", ".tox"}
)


def is_small(root: Path) -> bool:
    """Whether a tree may be copied. Stops counting as soon as it is too large."""
    size = count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in names:
            count += 1
            try:
                size += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
        if size > LARGEST_BYTES or count > MOST_FILES:
            return False
    return True


def copy(root: Path, target: Path) -> None:
    shutil.copytree(
        root,
        target,
        symlinks=True,
        ignore=lambda folder, names: [name for name in names if name in LEFT_OUT],
        ignore_dangling_symlinks=True,
    )
