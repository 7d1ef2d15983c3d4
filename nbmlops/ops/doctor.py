"""`doctor`: what is installed, what is patched, what is missing and the command that gets it."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbmlops.capture.files import State, probed
from nbmlops.capture.place import notebook_path
from nbmlops.errors import NbmlopsError
from nbmlops.lib.process import output_of
from nbmlops.model.cell import Completeness
from nbmlops.ops.call import Call
from nbmlops.ops.plugin import is_orchestrated, open_orchestrator
from nbmlops.project import Project
from nbmlops.track.address import shown
from nbmlops.track.server import check_server

CORE = ("ipython", "ipykernel", "ipywidgets", "jupyter_server", "papermill", "nbformat", "mlflow", "msgspec")
OPTIONAL = {
    "jupyterlab": "pip install 'nbmlops[lab]'",
    "scikit-learn": "pip install 'nbmlops[examples]'",
    "pandas": "pip install 'nbmlops[examples]'",
    "matplotlib": "pip install 'nbmlops[examples]'",
}

_NO_RUN = "nbmlops-doctor"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Check(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    is_good: bool
    found: str
    remedy: str = ""
    """What to type where it is not good."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    versions: dict[str, str]
    checks: tuple[Check, ...]
    patched: tuple[str, ...]
    """What tracking has changed in this kernel; `%unload_ext nbmlops` puts it back."""
    origins: dict[str, str]
    """Settings that are not the default, and where each comes from."""


def doctor(call: Call, request: Request) -> Result:
    """Never fails: what is wrong is in the checks."""
    versions = {"nbmlops": _version("nbmlops"), "python": f"{platform.python_version()} ({sys.executable})"}
    versions |= {name: found for name in CORE if (found := _version(name))}
    checks = [_installed(name, remedy) for name, remedy in OPTIONAL.items()]
    checks += [_git(call), _command("papermill"), _engine(), _context(), _sidebar(), _sidebar_server()]
    project = None
    try:
        project = Project.find(call.folder)
        checks.append(Check(name="project", is_good=True, found=str(project.root)))
        checks += _project(project)
    except NbmlopsError as error:
        checks.append(Check(name="project", is_good=False, found=error.message, remedy=error.hint))
    patched: tuple[str, ...] = ()
    if not call.has_session and project is not None:
        checks.append(_inputs(probed(project.root, project.settings.capture)))
    if call.has_session:
        session = call.session
        patched = session.patched()
        checks.append(_inputs(session.recorder.files.state()))
        place = notebook_path(session.namespace)
        checks.append(
            Check(
                name="notebook",
                is_good=place is not None,
                found=str(place) if place else "the front end does not say which notebook this is",
                remedy="" if place else "Runs are named after the project instead.",
            )
        )
    return Result(
        versions=versions,
        checks=tuple(checks),
        patched=patched,
        origins=project.origins if project is not None else {},
    )


def _project(project: Project) -> list[Check]:
    def attempt(name: str, found: str, action: Callable[[], object]) -> Check:
        try:
            action()
        except NbmlopsError as error:
            return Check(name=name, is_good=False, found=error.message, remedy=error.hint)
        return Check(name=name, is_good=True, found=found)

    return [
        attempt("records", str(project.layout.records), lambda: project.database.read("PRAGMA quick_check(1)")),
        attempt("mlflow", shown(project.uri), lambda: check_server(project.uri)),
        *(_orchestrator(project, name) for name in sorted(project.settings.engine) if _is_of_trainers(project, name)),
    ]


def _is_of_trainers(project: Project, name: str) -> bool:
    """Whoever only compiles for that engine names no image in the settings."""
    return "image" in project.settings.engine[name] and is_orchestrated(project.settings, name)


def _orchestrator(project: Project, name: str) -> Check:
    try:
        orchestrator = open_orchestrator(project.settings, name)
        # There is none of that name: it answers, and lets us ask.
        orchestrator.look(_NO_RUN)
    except NbmlopsError as error:
        return Check(name=name, is_good=False, found=error.message, remedy=error.hint)
    return Check(name=name, is_good=True, found=f"{orchestrator.describe()} answers")


def _inputs(state: State) -> Check:
    """How much of what cells read is seen here, and what lowers it."""
    level = state.completeness.value
    folders = "1 folder" if state.folders == 1 else f"{state.folders} folders"
    watched = f", {folders} watched by {state.source}" if state.source else ""
    return Check(
        name="inputs",
        is_good=state.completeness is Completeness.FULL,
        found="; ".join((f"{level}{watched}", *state.incomplete)),
        remedy="" if state.completeness is Completeness.FULL else "What each level means: docs/read-paths.md",
    )


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _installed(name: str, remedy: str) -> Check:
    found = _version(name)
    return Check(name=name, is_good=bool(found), found=found or "not installed", remedy="" if found else remedy)


def _command(name: str) -> Check:
    place = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent)) or ""
    return Check(name=name, is_good=bool(place), found=place or "not on PATH",
                 remedy="" if place else "Activate the environment that nbmlops is installed in.")  # fmt: skip


def _git(call: Call) -> Check:
    found = output_of(["git", "--version"], folder=call.folder)
    return Check(
        name="git",
        is_good=found is not None,
        found=found.decode().strip() if found else "not installed",
        remedy="" if found else "apt-get install git: without it runs do not know their commit.",
    )


def _engine() -> Check:
    return _entry_point("papermill engine", "papermill.engine")


def _context() -> Check:
    return _entry_point("mlflow context", "mlflow.run_context_provider")


def _entry_point(name: str, group: str) -> Check:
    is_there = any(point.name == "nbmlops" for point in importlib.metadata.entry_points(group=group))
    return Check(name=name, is_good=is_there, found="registered" if is_there else "not registered",
                 remedy="" if is_there else "pip install --force-reinstall nbmlops")  # fmt: skip


def _sidebar() -> Check:
    """The built page that Jupyter would take, the first on its paths, and whether it is of this version."""
    from jupyter_core.paths import jupyter_path

    places = (Path(folder) / "nbmlops" / "package.json" for folder in jupyter_path("labextensions"))
    place = next((path for path in places if path.is_file()), None)
    if place is None:
        return Check(name="sidebar", is_good=False, found="not installed for the Jupyter of this environment",
                     remedy="pip install --force-reinstall nbmlops")  # fmt: skip
    try:
        version = json.loads(place.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        version = "of no version"
    ours = _version("nbmlops")
    is_ours = version == ours
    return Check(
        name="sidebar",
        is_good=is_ours,
        found=f"{version} in {place.parent}" if is_ours else f"{version} in {place.parent}, but nbmlops is {ours}",
        remedy="" if is_ours else "pip install --force-reinstall nbmlops, remove what is left there, reload the page",
    )


def _sidebar_server() -> Check:
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager

    enabled = ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions().get("nbmlops")
    found = "enabled" if enabled else "switched off" if enabled is False else "not registered"
    return Check(
        name="sidebar's server",
        is_good=bool(enabled),
        found=found,
        remedy="" if enabled else "jupyter server extension enable nbmlops, then start Jupyter again",
    )
