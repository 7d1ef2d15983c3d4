"""Where things lie under `.nbmlops`."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = ".nbmlops"
SETTINGS = "nbmlops.toml"


class Layout:
    """Paths of one project's memory. Nothing is created by asking."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / FOLDER
        self.records = self.folder / "records.db"
        self.index = self.folder / "index.db"
        self.objects = self.folder / "objects"
        self.mlflow_db = self.folder / "mlflow.db"
        self.artifacts = self.folder / "artifacts"
        self.spool = self.folder / "spool"
        self.runs = self.folder / "runs"

    def create(self) -> None:
        """Make the folder, and keep it out of git without touching the user's own ignore file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")


def mark_workspace(folder: Path, home: Path) -> None:
    """Make a folder below a project's home a workspace: its files are its own, its memory is the home's."""
    (folder / FOLDER).write_text(Path(os.path.relpath(home, folder)).as_posix() + "\n", encoding="utf-8")


def home_of(folder: Path) -> Path | None:
    """The home that a workspace names, relative so that both can move; None for any other folder."""
    mark = folder / FOLDER
    return (folder / mark.read_text(encoding="utf-8").strip()).resolve() if mark.is_file() else None
