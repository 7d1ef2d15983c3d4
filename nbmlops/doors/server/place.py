"""Folders as requests name them: relative to the server's root, which they cannot leave."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.project import Project


class Place(msgspec.Struct, frozen=True, kw_only=True):
    root: Path
    """The server's."""
    folder: Path

    @property
    def name(self) -> str:
        return name_of(self.folder, self.root)

    def project(self) -> Project:
        """The project around it. Raises NotFoundError."""
        return Project.find(self.folder)

    def project_name(self) -> str | None:
        """How events and changes call that project; None where there is none."""
        try:
            return name_of(self.project().root, self.root)
        except NotFoundError:
            return None


def place(root: Path, name: str) -> Place:
    """Raises NotFoundError for a folder outside of the root."""
    try:
        root = root.expanduser().resolve()
        folder = (root / name.lstrip("/")).resolve()
        is_there = folder.is_relative_to(root) and folder.is_dir()
    except (OSError, ValueError):  # too long, or no name for a file at all
        is_there = False
    if not is_there:
        raise NotFoundError(f"There is no folder {name!r}.", kind="folder-missing")
    return Place(root=root, folder=folder)


def name_of(folder: Path, root: Path) -> str:
    """From the root, which is the empty name itself. A project around the root begins with `..`."""
    name = Path(os.path.relpath(folder, root)).as_posix()
    return "" if name == "." else name
