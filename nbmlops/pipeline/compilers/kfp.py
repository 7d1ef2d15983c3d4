"""A pipeline for Kubeflow Pipelines: written as Python for its SDK, and compiled by a Python that has it.

The SDK's bounds on other packages are narrow: it may live in an environment of its own, and is never imported here.
"""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from nbmlops.errors import ExternalError, MissingDependencyError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.lib.quoted_yaml import dump
from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.compilers.common import check_fields, check_parameters, parameter_text
from nbmlops.pipeline.compilers.kfp_text import text
from nbmlops.pipeline.needs import refusal
from nbmlops.ports import Target

PYTHON = "NBMLOPS_KFP_PYTHON"
COMPILE_SECONDS = 120
HINT = f"python -m venv kfp, then kfp/bin/pip install kfp kfp-kubernetes, and name kfp/bin/python in {PYTHON}."


class KfpCompiler:
    """`python`: one that has the SDK; else NBMLOPS_KFP_PYTHON, else this one. `storage`: size of a run's workspace."""

    def __init__(self, *, python: str = "", storage: str = "10Gi") -> None:
        self._python = python or os.environ.get(PYTHON, "")
        self._storage = storage

    def compile(self, target: Target) -> dict[str, bytes]:
        pipeline = target.pipeline
        check_fields("kfp", pipeline)
        check_parameters("kfp", pipeline)
        _check_defaults(pipeline)
        python = self._python or (sys.executable if importlib.util.find_spec("kfp") else "")
        if not python:
            raise MissingDependencyError("Kubeflow's SDK is not installed.", kind="kfp-missing", hint=HINT)
        source = text(target, self._storage, version=f"v-{short(digest_bytes(repr(target).encode()))}")
        with tempfile.TemporaryDirectory(prefix="nbmlops-kfp-") as name:
            folder = Path(name)
            (folder / "pipeline.py").write_text(source, encoding="utf-8")
            _execute(python, folder)
            made = {
                path.relative_to(folder).as_posix(): dump(*yaml.safe_load_all(path.read_text(encoding="utf-8")))
                for path in sorted(folder.rglob("*.yaml"))
            }
        return {"pipeline.py": source.encode(), **made}


def _execute(python: str, folder: Path) -> None:
    """Raises MissingDependencyError where that Python has no SDK, and ExternalError where the SDK does not like it."""
    command = [python, "-W", "ignore", "pipeline.py"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=COMPILE_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingDependencyError(f"{python} cannot be used: {error}.", kind="kfp-missing", hint=HINT) from error
    if done.returncode == 0:
        return
    line = next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
    if "ModuleNotFoundError" in line or "ImportError" in line:
        raise MissingDependencyError(f"{python} has no SDK of Kubeflow: {line}.", kind="kfp-missing", hint=HINT)
    raise ExternalError(
        f"Kubeflow's SDK did not compile the pipeline: {line}.",
        kind="kfp-failed",
        hint="Is it kfp 2.17 or newer?",
    )


def _check_defaults(pipeline: Pipeline) -> None:
    for parameter in pipeline.parameters:
        default, why = parameter.default, ""
        if isinstance(default, float) and not math.isfinite(default):
            why = f"the default of {parameter.name} is {default}, which JSON does not have"
        elif "{{$" in parameter_text(parameter):
            why = f"the default of {parameter.name} has {{{{$ in it, which Kubeflow takes for a variable"
        if why:
            step = next((each for each in pipeline.steps if parameter.name in each.parameters), pipeline.steps[0])
            raise refusal("kfp", step, "parameters", why, "Choose another default.")
