"""What a run leaves, laid out as a folder that can be packed: its model, code, data, and a Kitfile that says so.

The folder looks like the project: unpacked elsewhere, its pipeline runs there. It is made once for each run and kept
below `.nbmlops`, so that the same run is packed again at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, StateError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes, digest_file, short
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.kitfile import Kitfile
from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.canonical_model import MLMODEL, make_canonical
from nbmlops.ops.find_result import find_result
from nbmlops.ops.model_card import model_card
from nbmlops.ops.origin import BILL, PROVENANCE, bill_json, provenance_json
from nbmlops.ops.packed_run import RUN_FILE, packed_run
from nbmlops.ops.raw_rows.step import put_in_front
from nbmlops.ops.remote_data import remote_data
from nbmlops.ops.run_kitfile import CARD, MODEL, README, Facts, described, kitfile_of
from nbmlops.ops.run_model import run_model
from nbmlops.package.kitfile import NAMES, dump, read_kitfile
from nbmlops.pipeline.folder import CERTIFICATE, DOCUMENT
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.restore import plan
from nbmlops.snapshot.restore import restore as restore_files
from nbmlops.track.lists import datasets
from nbmlops.track.model_files import fetch_model

_VERSION = 8
_STATE = "assembled.json"
MOST_ENTRIES = 50
"""Files that are entries of their own; more of them are packed by folder."""


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    kitfile: Kitfile
    run: RunView


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """A model on another tracking server: the code and data of its run are not in reach."""

    project: Project
    """An empty one whose runs are there."""
    model: ModelView
    name: str
    """What the package is to be called; empty: as the run's experiment."""


def assemble(call: Call, run: RunView, elsewhere: Elsewhere | None = None, *, transform: str = "") -> Assembled:
    """`transform`: a step of the run's pipeline that is put in front of its model.

    Raises StateError for a run that goes on and for a step that cannot stand there, and NotFoundError for a run that
    has left nothing to pack.
    """
    project = elsewhere.project if elsewhere is not None else call.project
    if run.status == "RUNNING":
        raise StateError(f"Run {run.name} is not over.", kind="run-running", hint="Pack it when it is.", run=run.id)
    if elsewhere is not None:
        model: ModelView | None = elsewhere.model
        data = code = ""
    else:
        model = run_model(project, run)
        data, code = run.tags.get(Tags.DATA_SNAPSHOT, ""), run.tags.get(Tags.CODE_SNAPSHOT, "")
    pipeline = _pipeline_of(project, run)
    if model is None and not code and not data:
        raise NotFoundError(
            f"Run {run.name} has left nothing to pack: no model, code or data is kept of it.",
            kind="package-empty",
            hint=f"See what it has: nbmlops show {short(run.id)}",
            run=run.id,
        )
    home = project.layout.folder / "packages" / run.id
    folder = home / "files"
    readme = _readme_of(project)
    seen = [*_files_below(project, pipeline), *filter(None, [_notebook_of(project, run), readme])]
    state = digest_bytes(
        canonical_json([_VERSION, run, model, transform, [_state(project.root / path) for path in seen]])
    )
    if (home / _STATE).is_file() and (home / _STATE).read_text() == state:
        return Assembled(folder=folder, kitfile=read_kitfile(folder / "Kitfile"), run=run)
    call.progress(Progress(task="assemble", note=run.name))
    with refusing_disk_errors(home):
        shutil.rmtree(home, ignore_errors=True)
        folder.mkdir(parents=True)
    code_files = _restored(project, code, folder)
    data_files = _restored(project, data, folder)
    if pipeline:
        _copy_pipeline(project, pipeline, folder)
        code_files.append(f"{pipeline}/{DOCUMENT}")
    about: dict[str, Any] = {}
    if model is not None:
        if (folder / MODEL).exists():
            raise StateError(
                f"The project has a folder {MODEL} of its own: the run's model has no place beside it.",
                kind="folder-taken",
                hint="Pack a folder with a Kitfile of your own: nbmlops pack FOLDER",
            )
        fetch_model(project.uri, model, folder / MODEL, artifacts=project.layout.artifacts, told=_told(call))
        make_canonical(folder / MODEL)
        about = described(folder / MODEL / MLMODEL)
        if transform:
            put_in_front(call, project, run, transform, folder)
            make_canonical(folder / MODEL)
            about |= described(folder / MODEL / MLMODEL)
    elif transform:
        raise StateError(
            f"Run {run.name} has no model that a step could stand in front of.",
            kind="model-absent",
            hint="Pack it without --transform.",
        )
    if (notebook := _notebook_of(project, run)) and notebook not in code_files:
        (folder / notebook).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project.root / notebook, folder / notebook)
        code_files.append(notebook)
    uses = tuple(_placed(project, use) for use in datasets(project.uri, run.id))
    name = (elsewhere.name if elsewhere is not None else "") or run.experiment.rpartition("/")[2] or run.name
    (folder / CARD).write_text(model_card(name, run, model, uses, about.get("framework", "")), encoding="utf-8")
    remote = remote_data(project, run)
    (folder / PROVENANCE).write_bytes(provenance_json(project, run, uses, remote, pipeline))
    if model is not None:
        estimator = model.tags.get(Tags.ESTIMATOR) or run.tags.get(Tags.ESTIMATOR, "")
        (folder / BILL).write_bytes(bill_json(project, name, run, uses, remote, about, estimator))
    executed = packed_run(project, run, uses)
    if executed is not None:
        (folder / RUN_FILE).write_bytes(executed)
    if readme and not (folder / readme).exists():
        shutil.copyfile(project.root / readme, folder / readme)
    facts = Facts(
        name=name,
        run=run,
        about=about,
        has_model=model is not None,
        code=_entries(code_files),
        data=_entries(data_files),
        digests={path: digest_file(folder / path) for path in data_files},
        remote=remote,
        # The certificate has the hour of the comparison in it: the pipeline is the same layer without.
        docs=[
            path
            for path in (readme, CARD, PROVENANCE, BILL, RUN_FILE, f"{pipeline}/{CERTIFICATE}" if pipeline else "")
            if path and path not in code_files and path not in data_files and (folder / path).is_file()
        ],
    )
    kitfile = kitfile_of(facts)
    write_atomic(folder / "Kitfile", dump(kitfile))
    write_atomic(home / _STATE, state)
    call.progress(Progress(task="assemble", state="done", note=run.name))
    return Assembled(folder=folder, kitfile=kitfile, run=run)


def _told(call: Call) -> Callable[[int, int], None]:
    return lambda done, total: call.progress(
        Progress(task="model", done=done, total=total, state="done" if done >= total else "running")
    )


def _pipeline_of(project: Project, run: RunView) -> str:
    """The folder of the pipeline that the run was of, where it is still there."""
    if Tags.RESULT not in run.tags:
        return ""
    try:
        source = find_result(project, run.id).source
    except NotFoundError:
        return ""
    return source if source and (project.root / source / DOCUMENT).is_file() else ""


def _notebook_of(project: Project, run: RunView) -> str:
    """As it is now; what was executed is in the run's code."""
    path = PurePosixPath(run.tags.get(Tags.NOTEBOOK, ""))
    is_inside = path.name and not path.is_absolute() and ".." not in path.parts
    return str(path) if is_inside and (project.root / path).is_file() else ""


def _readme_of(project: Project) -> str:
    """As it is now; empty where the project has none."""
    return next((name for name in README if (project.root / name).is_file()), "")


def _placed(project: Project, use: DatasetUse) -> DatasetUse:
    """By its place in the project; of what lies elsewhere only the name goes along."""
    path = project.relative(project.absolute(use.path))
    return msgspec.structs.replace(use, path=PurePosixPath(path).name if PurePosixPath(path).is_absolute() else path)


def _files_below(project: Project, folder: str) -> list[str]:
    if not folder:
        return []
    found = (path for path in (project.root / folder).rglob("*") if path.is_file())
    return sorted(path.relative_to(project.root).as_posix() for path in found)


def _state(path: Path) -> list[Any]:
    info = path.stat()
    return [str(path), info.st_size, info.st_mtime_ns]


def _copy_pipeline(project: Project, pipeline: str, folder: Path) -> None:
    ignored = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(project.root / pipeline, folder / pipeline, dirs_exist_ok=True, ignore=ignored)


def _restored(project: Project, digest: str, folder: Path) -> list[str]:
    """Paths of a snapshot's files that are in the folder now; those outside of the project are not."""
    if not digest:
        return []
    snapshot = load(digest, project.objects)
    inside = tuple(entry for entry in snapshot.entries if not PurePosixPath(entry.path).is_absolute())
    tree = msgspec.structs.replace(snapshot, entries=inside)
    actions = plan(tree, target=folder, paths=(), elsewhere=True, stats=project.stats)
    placed = restore_files(actions, objects=project.objects, root=project.root, force=True)
    return [each.path for each in placed if (folder / each.path).is_file() and each.path not in NAMES]


def _entries(paths: list[str]) -> list[str]:
    """Files as they are; of many, the folders that they lie in. A pipeline is one entry."""
    found: dict[str, None] = {}
    pipelines = {str(PurePosixPath(path).parent) for path in paths if PurePosixPath(path).name == DOCUMENT}
    for path in sorted(paths):
        around = next((folder for folder in pipelines if path.startswith(f"{folder}/")), None)
        found[around or path] = None
    if len(found) > MOST_ENTRIES:
        found = {path.split("/")[0]: None for path in found}
    return list(found)
