"""`demo`: the wine notebook all the way, on real data, with nothing to answer.

Everything goes through the verbs themselves: track by batch execution, snapshot, export with proof, run twice, pack,
push, unpack.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.errors import CellFailedError, ConflictError, MissingDependencyError, NotFoundError
from nbmlops.ops import export as export_verb
from nbmlops.ops import run as run_verb
from nbmlops.ops import runs as runs_verb
from nbmlops.ops import snapshot as snapshot_verb
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.demo_deployment import DemoDeployment, deployment
from nbmlops.ops.demo_package import DemoPackage, package
from nbmlops.ops.fields import option
from nbmlops.project import Project
from nbmlops.store.layout import SETTINGS

NOTEBOOK = "wine.ipynb"
NEEDED = ("sklearn", "pandas", "matplotlib")
PARAMETER = "trees=25"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    to: Annotated[str, option("Folder for the demo; made if it does not exist.", metavar="FOLDER")] = "nbmlops-demo"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    root: str
    notebook: str
    """Relative to the project."""
    executed: str
    pipeline: str
    snapshot: str
    exported: export_verb.Result
    results: tuple[run_verb.Result, ...]
    packed: DemoPackage
    deployed: DemoDeployment
    runs: runs_verb.Result
    has_lab: bool
    """Whether JupyterLab is installed."""


def demo(call: Call, request: Request) -> Result:
    """Raises MissingDependencyError without the example's libraries, ConflictError where something else lies."""
    _check_libraries()
    root = call.path(request.to)
    project = _project(root)
    source = examples_folder()
    for name in (NOTEBOOK, "README.md"):
        if (source / name).is_file():
            shutil.copyfile(source / name, root / name)
    inside = Call(root, progress=call.progress)
    executed = _execute(call, root)
    kept = snapshot_verb.snapshot(inside, snapshot_verb.Request(paths=("data",), message="what the notebook read"))
    call.progress(Progress(task="snapshot", state="done", note="what it has read is kept"))
    exported = export_verb.export(inside, export_verb.Request(notebook=NOTEBOOK, force=True))
    pipeline = str(Path(exported.folder).relative_to(root))
    results = []
    for params in ((), (PARAMETER,)):
        named = f"wine {params[0]}" if params else "wine"
        call.progress(
            Progress(task="run", state="done", note=f"{pipeline} {' '.join(f'-p {p}' for p in params)}".rstrip())
        )
        results.append(run_verb.run(inside, run_verb.Request(pipeline=pipeline, param=params, name=named)))
    packed = package(call, root, results[-1].result.run)
    return Result(
        root=str(project.root),
        notebook=NOTEBOOK,
        executed=executed,
        pipeline=exported.folder,
        snapshot=kept.record.snapshot,
        exported=exported,
        results=tuple(results),
        packed=packed,
        deployed=deployment(call, root, results[0].result.run, packed.reference),
        runs=runs_verb.runs(inside, runs_verb.Request(limit=30)),
        has_lab=importlib.util.find_spec("jupyterlab") is not None,
    )


def examples_folder() -> Path:
    """The example notebooks: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "examples", package.parent / "example-notebooks"):
        if (folder / NOTEBOOK).is_file():
            return folder
    raise NotFoundError(
        "The example notebooks are not installed.", kind="examples-missing", hint="Install nbmlops again."
    )


def _check_libraries() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"The demo needs {', '.join(missing)}.",
            kind="examples-missing",
            hint="pip install 'nbmlops[examples]'",
            missing=missing,
        )


def _project(root: Path) -> Project:
    """A project in a folder of its own; an earlier demo there is used again."""
    if root.exists() and any(root.iterdir()) and not (root / NOTEBOOK).exists():
        raise ConflictError(
            f"{root} is not empty.", kind="folder-not-empty", hint="Choose another folder: nbmlops demo --to FOLDER"
        )
    return Project(root) if (root / SETTINGS).exists() else Project.init(root)


def _execute(call: Call, root: Path) -> str:
    """The notebook through papermill with our engine, as a person would type it."""
    call.progress(Progress(task="track", note=f"papermill {NOTEBOOK} --engine nbmlops"))
    output = root / "executed" / NOTEBOOK
    output.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "papermill", NOTEBOOK, str(output), "--engine", "nbmlops", "--no-progress-bar"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise CellFailedError(
            f"{NOTEBOOK} failed: {lines[-1] if lines else 'papermill said nothing'}.",
            kind="cell-failed",
            hint=f"Look at it: {output}",
        )
    call.progress(Progress(task="track", state="done", note=f"executed {NOTEBOOK}, every cell recorded"))
    return str(output)
