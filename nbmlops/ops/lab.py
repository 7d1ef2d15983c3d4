"""`lab`: JupyterLab on the project, with its runs going where the project's runs go."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import Annotated

import msgspec

from nbmlops.errors import MissingDependencyError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    port: Annotated[int, option("Port on this machine.", metavar="N")] = 8888
    no_browser: Annotated[bool, option("Only print the address.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    root: str
    exit_code: int = 0


def lab(call: Call, request: Request) -> Result:
    """Runs until JupyterLab is stopped. Raises MissingDependencyError without JupyterLab."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependencyError(
            "JupyterLab is not installed.", kind="jupyterlab-missing", hint="pip install 'nbmlops[lab]'"
        )
    project = call.project
    project.prepare_tracking()
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={project.root}", f"--port={request.port}"]
    command += ["--no-browser"] if request.no_browser else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    done = subprocess.run(command, cwd=project.root, check=False)
    return Result(root=str(project.root), exit_code=done.returncode)
