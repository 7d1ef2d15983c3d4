"""A project: a folder with `nbmlops.toml` and `.nbmlops/`. The one place where adapters are put together.

project = Project.find(Path.cwd())      # the folder itself or the nearest one above
project.records, project.objects        # what MLflow cannot hold
project.uri                             # where MLflow keeps the runs
"""

from __future__ import annotations

import logging
import os
from functools import cached_property
from pathlib import Path

from nbmlops.errors import ConflictError, NotFoundError
from nbmlops.lib.files import refusing_disk_errors, relative_to
from nbmlops.lib.process import boot_id, process_started
from nbmlops.model.cell import SessionInfo
from nbmlops.model.names import slug
from nbmlops.settings import Settings, read_settings
from nbmlops.snapshot.recover import recover
from nbmlops.store.database import Database
from nbmlops.store.layout import FOLDER, SETTINGS, Layout, home_of
from nbmlops.store.objects import Objects
from nbmlops.store.records import Records
from nbmlops.store.statcache import StatCache

logger = logging.getLogger("nbmlops")

TEMPLATE = """\
# Settings of this nbmlops project. Every line is optional; these are the defaults.

[tracking]
# uri = "http://127.0.0.1:5000"     # an MLflow server; default: a database of this project's own
# experiment = "{name}"              # default: one experiment per notebook
# models = true                     # log the models that notebooks fit

[capture]
# exclude = ["scratch/*"]           # files never recorded as inputs
# include = ["caches/mine/*"]       # files recorded although they are left out by default
# roots = ["/data"]                 # folders outside of the project that hold data
# largest_watch = 20000             # so many folders are watched at most
# inputs = "auto"                   # "hook": without the system's notices; "off": no files are recorded

[snapshot]
# largest_file = "2 GiB"            # larger files are kept by reference, not stored

[monitor]
# accuracy = 0.9                    # what has to hold of deployments: nbmlops monitor NAME
"""


class Project:
    """`root` is where the files lie, `home` where its memory and settings are: elsewhere for a workspace of a run."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.home = home_of(self.root) or self.root
        self.layout = Layout(self.home)
        self.settings, self.origins = read_settings(self.home / SETTINGS)

    @staticmethod
    def find(start: Path) -> Project:
        """The project of a folder: itself or the nearest one above that has settings or a store."""
        for folder in (start.resolve(), *start.resolve().parents):
            store = folder / FOLDER
            if (folder / SETTINGS).is_file() or (store / "records.db").is_file() or (store / "objects").is_dir():
                return Project(folder)
            if store.is_file():  # a workspace
                return Project(folder)
        raise NotFoundError(
            f"There is no project in {start} or above.", kind="project-missing", hint="Make one: nbmlops init"
        )

    @staticmethod
    def init(root: Path) -> Project:
        """Make a project. Raises ConflictError where there is one already."""
        if (root / SETTINGS).exists():
            raise ConflictError(
                f"{root} is a project already.", kind="project-exists", hint="Look at it: nbmlops status"
            )
        with refusing_disk_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            Layout(root).create()
            (root / SETTINGS).write_text(TEMPLATE.format(name=slug(root.resolve().name, "project")), encoding="utf-8")
        project = Project(root)
        project.records.newest(SessionInfo, limit=1)  # lays out the database
        return project

    @staticmethod
    def find_or_init(start: Path) -> tuple[Project, bool]:
        """The project of a folder, made there if there is none; and whether it was made."""
        try:
            return Project.find(start), False
        except NotFoundError:
            return Project.init(start), True

    @cached_property
    def database(self) -> Database:
        self.layout.create()
        return Database(self.layout.records)

    @cached_property
    def records(self) -> Records:
        is_lost = not self.layout.records.exists() and self.objects.packs.names()
        records = Records(self.database)
        if is_lost and (count := recover(self.objects, records)):
            logger.warning("%s was missing: %d snapshots were read from the packs.", self.layout.records.name, count)
        return records

    @cached_property
    def objects(self) -> Objects:
        return Objects(self.layout.objects)

    @cached_property
    def stats(self) -> StatCache:
        return StatCache(self.objects.index)

    @cached_property
    def uri(self) -> str:
        """MLflow's tracking address. Cheap: nothing is opened or created by asking."""
        from nbmlops.track import address  # what has nothing to do with runs does not load it

        return address.tracking_uri(self.home, self.settings.tracking.uri or None)

    def prepare_tracking(self) -> str:
        """Make MLflow's database ready (or check that the server answers) and return its address."""
        from nbmlops.track import address

        self.layout.create()
        address.prepare(self.home, self.uri)
        return self.uri

    @property
    def workspace(self) -> str:
        """Where the files lie, from the home; empty for the project itself."""
        return "" if self.home == self.root else self.root.relative_to(self.home).as_posix()

    @property
    def settings_are_default(self) -> bool:
        return self.settings == Settings()

    def relative(self, path: Path) -> str:
        """A path as records keep it: from the project's root, or absolute outside of it."""
        return relative_to(Path(os.path.abspath(path)), self.root)

    def absolute(self, path: str) -> Path:
        return Path(os.path.normpath(self.root / path))

    def is_alive(self, session_id: str) -> bool:
        """Whether the kernel of a session still runs. A session of another machine counts as alive."""
        session = self.records.get(SessionInfo, session_id)
        if session is None:
            return False
        if session.ended is not None:
            return False
        import socket

        if session.host != socket.gethostname():
            return True
        return session.boot == boot_id() and process_started(session.pid) == session.process_started
