"""Loading and unloading in an IPython shell. Light: what a verb needs is imported when it is used."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from nbmlops.capture.hooks import CellHooks
from nbmlops.capture.outputs import OutputLog
from nbmlops.capture.place import notebook_path
from nbmlops.capture.served import own_connection_file, served_notebook
from nbmlops.doors.magics.header import strip_header
from nbmlops.doors.magics.magic import MlopsMagics
from nbmlops.errors import NbmlopsError
from nbmlops.model.run_plan import VARIABLE, RunPlan, plan_from
from nbmlops.ops.session import Session
from nbmlops.project import Project

logger = logging.getLogger("nbmlops")
COMPLETED = "%mlops"
TRACKING_VARIABLE = "NBMLOPS_TRACKING"


class Loaded:
    """What loading has put into a shell, so that unloading can take it out."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.session: Session | None = None
        self.hooks: CellHooks | None = None
        self.patience = RunPlan(name="", kind="").patience
        self.magics = MlopsMagics(shell, self)
        shell.register_magics(self.magics)
        shell.input_transformers_cleanup.append(strip_header)
        shell.set_hook("complete_command", self.magics.complete, str_key=COMPLETED)

    @property
    def is_rehearsal(self) -> bool:
        return is_rehearsal()

    def start(self) -> Session | None:
        """Begin to track; a project is made beside the notebook where there is none. None in a rehearsal."""
        if self.session is None and not is_rehearsal():
            plan = plan_from()
            os.environ.pop(VARIABLE, None)  # ours alone: what the notebook starts is not part of this run
            self.patience = plan.patience if plan is not None else self.patience
            notebook = notebook_path(self.shell.user_ns)
            if notebook is None or not notebook.is_file():
                # Not told, or renamed since the kernel was told.
                notebook = served_notebook(own_connection_file()) or notebook
            folder = notebook.parent if notebook is not None and notebook.parent.is_dir() else Path.cwd()
            project, is_new = Project.find_or_init(folder)
            if is_new and plan is None:
                print(f"nbmlops made a project in {project.root}")
            outputs = OutputLog(self.shell)
            outputs.install()
            self.session = Session(
                project,
                notebook=notebook,
                namespace=self.shell.user_ns,
                door="batch" if plan is not None else "notebook",
                plan=plan,
                outputs=outputs,
            )
            self.session.sensors.install()
            self.hooks = CellHooks(self.shell, self.session)
            self.hooks.adopt_running_cell()
        return self.session

    def stop(self) -> None:
        if self.hooks is not None:
            self.hooks.remove()
            self.hooks = None
        if self.session is not None:
            self.session.close()
            self.session = None


_loaded: Loaded | None = None


def is_rehearsal() -> bool:
    """An export is being verified: the notebook runs as ever, and nothing is recorded."""
    return os.environ.get(TRACKING_VARIABLE) == "off"


def session() -> Session | None:
    """Of the shell in this process, if it is tracked."""
    return _loaded.session if _loaded is not None else None


def load(shell: Any) -> None:
    """Idempotent. A project that cannot be made leaves the magics working and tracking off, with one line why."""
    global _loaded
    if _loaded is not None and _loaded.shell is shell:
        return
    _loaded = Loaded(shell)
    try:
        _loaded.start()
    except NbmlopsError as error:
        print(f"nbmlops does not track this notebook: {error}")


def unload(shell: Any) -> None:
    global _loaded
    if _loaded is None:
        return
    _loaded.stop()
    if strip_header in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(strip_header)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("mlops", None)
    shell.magics_manager.registry.pop(MlopsMagics.__name__, None)
    # IPython has set_hook and nothing that undoes it.
    shell.strdispatchers["complete_command"].strs.pop(COMPLETED, None)
    _loaded = None


def close_session() -> None:
    """End the session and wait until everything is in MLflow: the last thing that the batch engine asks for."""
    if _loaded is not None and _loaded.session is not None:
        session = _loaded.session
        session.close(_loaded.patience)
