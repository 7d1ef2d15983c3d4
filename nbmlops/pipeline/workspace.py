"""A copy of the project to execute in, so that proving an export leaves the user's files alone."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from nbmlops.errors import ExternalError

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


def copy(root: Path, target: Path, wanted: Callable[[str], bool] = lambda path: True) -> None:
    """Files, folders and links; pipes and sockets are nobody's data. `wanted` chooses among files and links.

    Raises ExternalError for what cannot be read or has no room.
    """

    def left_out(folder: str, names: list[str]) -> list[str]:
        paths = {name: os.path.join(folder, name) for name in names}
        return [
            name
            for name, path in paths.items()
            if name in LEFT_OUT or _is_special(path) or not (_is_folder(path) or wanted(path))
        ]

    try:
        shutil.copytree(root, target, symlinks=True, ignore=left_out, dirs_exist_ok=True)
    except shutil.Error as error:
        source, _, why = error.args[0][0]
        raise ExternalError(
            f"{source} could not be copied: {why}.", kind="copy-failed", hint="Make room, or make it readable."
        ) from error
    for folder, folders, names in os.walk(target):
        for path in (Path(folder, name) for name in [*folders, *names]):
            if path.is_symlink():
                _mend(path, root.resolve(), target)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _is_special(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def _mend(link: Path, root: Path, target: Path) -> None:
    """A link out of the tree leads where it led before; one into it by its full path, into the copy."""
    original = root / link.relative_to(target)
    leads_to = Path(os.path.normpath(original.parent / os.readlink(link)))
    is_inside = leads_to.is_relative_to(root)
    if is_inside == os.path.isabs(os.readlink(link)):
        link.unlink()
        link.symlink_to(target / leads_to.relative_to(root) if is_inside else leads_to)
