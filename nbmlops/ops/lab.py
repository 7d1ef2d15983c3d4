"""`lab`: JupyterLab on the project, with the sidebar open and its runs going where the project's runs go."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import Annotated
from urllib.parse import quote

import msgspec

from nbmlops.errors import MissingDependencyError, NotFoundError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional

PAGE = "/nbmlops/lab"
"""Leads to JupyterLab's page (nbmlops/doors/server/lab_handler.py)."""
SHOWN = "nbmlops=show"
"""In the page's address: the sidebar comes to the front (labextension/src/plugin.ts)."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notebook: Annotated[str, positional("The notebook to open.")] = ""
    port: Annotated[int, option("Port on this machine.", metavar="N")] = 8888
    no_browser: Annotated[bool, option("Only print the address.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    root: str
    exit_code: int = 0


def lab(call: Call, request: Request) -> Result:
    """Runs until JupyterLab is stopped. Raises MissingDependencyError without JupyterLab, NotFoundError for a notebook
    that is not there or not in the project."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependencyError(
            "JupyterLab is not installed.", kind="jupyterlab-missing", hint="pip install 'nbmlops[lab]'"
        )
    project = call.project
    project.prepare_tracking()
    page = f"{PAGE}/{quote(_in_project(call, request.notebook))}" if request.notebook else PAGE
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={project.root}", f"--port={request.port}"]
    command += [f"--LabApp.default_url={page}"]
    command += ["--no-browser"] if request.no_browser else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    done = subprocess.run(command, cwd=project.root, check=False)
    return Result(root=str(project.root), exit_code=done.returncode)


def _in_project(call: Call, name: str) -> str:
    path = call.path(name)
    relative = call.project.relative(path)
    if not path.is_file() or relative == str(path):
        raise NotFoundError(
            f"There is no notebook {name} in the project.", kind="notebook-missing", hint=f"Look in {call.project.root}"
        )
    return relative
