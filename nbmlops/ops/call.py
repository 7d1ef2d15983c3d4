"""What a door hands to an operation beside the request: where it stands, and how to tell of progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbmlops.errors import StateError
from nbmlops.project import Project

if TYPE_CHECKING:
    from nbmlops.ops.session import Session


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One event of long work. A door may show it; an operation goes on whether or not anybody looks."""

    task: str
    """What is being worked on: a step, a file, a phase. Events of one task follow each other."""
    done: int = 0
    total: int | None = None
    note: str = ""
    state: str = "running"
    """running, done, failed, skipped or killed."""


class Call:
    """One call of a verb through one door."""

    def __init__(
        self,
        folder: Path,
        *,
        session: Session | None = None,
        makes_project: bool = False,
        progress: Callable[[Progress], None] = lambda event: None,
        variables: Mapping[str, object] | None = None,
    ) -> None:
        """`variables`: of the kernel, where there is one, tracked or not."""
        self.folder = folder
        self.inputs: list[Path] = []
        """Files that an operation has read for the notebook: inputs of its cell, as if that had read them."""
        self.makes_project = makes_project
        self.progress = progress
        self.variables: Mapping[str, object] = variables if variables is not None else {}
        self._session = session
        self._project: Project | None = session.project if session is not None else None

    @property
    def project(self) -> Project:
        """The project around the folder. Magics make one where there is none and say so."""
        if self._project is None:
            if self.makes_project:
                self._project, is_new = Project.find_or_init(self.folder)
                if is_new:
                    self.progress(Progress(task="init", note=f"Made a project in {self._project.root}", state="done"))
            else:
                self._project = Project.find(self.folder)
        return self._project

    @property
    def session(self) -> Session:
        """The kernel's session. Raises StateError outside of a notebook."""
        if self._session is None:
            raise StateError(
                "This verb needs a notebook's kernel.",
                kind="session-missing",
                hint="In a notebook: %load_ext nbmlops, then %mlops ...",
            )
        return self._session

    @property
    def has_session(self) -> bool:
        return self._session is not None

    def path(self, name: str) -> Path:
        """A path as the user typed it, seen from where they stand."""
        return (self.folder / Path(name).expanduser()).absolute()
