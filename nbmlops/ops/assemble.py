"""What a run leaves, laid out as a folder that can be packed: its model, code, data, and a Kitfile that says so.

The folder looks like the project: unpacked elsewhere, its pipeline runs there. It is made once for each run and kept
below `.nbmlops`, so that the same run is packed again at once.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, StateError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes, digest_file, short
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.kitfile import Code, Dataset, Docs, Kitfile, Model, Package
from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.canonical_model import MLMODEL, make_canonical, read_mlmodel
from nbmlops.ops.find_result import find_result
from nbmlops.ops.model_card import model_card
from nbmlops.ops.origin import BILL, PROVENANCE, bill_json, parameters_of, provenance_json
from nbmlops.ops.packed_run import RUN_FILE, packed_run
from nbmlops.ops.remote_data import RemoteObject, remote_data
from nbmlops.ops.run_model import run_model
from nbmlops.package.kitfile import NAMES, dump, new_kitfile, read_kitfile
from nbmlops.pipeline.folder import CERTIFICATE, DOCUMENT
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.restore import plan
from nbmlops.snapshot.restore import restore as restore_files
from nbmlops.track.lists import datasets
from nbmlops.track.model_files import fetch_model

CARD = "MODEL_CARD.md"
MODEL = "model"
_VERSION = 6
_STATE = "assembled.json"
MOST_ENTRIES = 50
"""Files that are entries of their own; more of them are packed by folder."""
FRAMEWORKS = ("sklearn", "xgboost", "lightgbm", "catboost", "pytorch", "tensorflow", "keras", "onnx", "transformers")


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


def assemble(call: Call, run: RunView, elsewhere: Elsewhere | None = None) -> Assembled:
    """Raises StateError for a run that goes on, and NotFoundError for one that has left nothing to pack."""
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
    seen = [*_files_below(project, pipeline), *filter(None, [_notebook_of(project, run)])]
    state = digest_bytes(canonical_json([_VERSION, run, model, [_state(project.root / path) for path in seen]]))
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
        about = _described(folder / MODEL / MLMODEL)
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
    digests = {path: digest_file(folder / path) for path in data_files}
    certificate = f"{pipeline}/{CERTIFICATE}" if pipeline and (folder / pipeline / CERTIFICATE).is_file() else ""
    papers = [
        Docs(path=CARD, description="Model card."),
        Docs(path=PROVENANCE, description="Where it comes from: SLSA provenance v1."),
    ]
    if model is not None:
        papers.append(Docs(path=BILL, description="Bill of materials: CycloneDX 1.6."))
    if executed is not None:
        papers.append(Docs(path=RUN_FILE, description="What the run executed: nbmlops reproduce."))
    if certificate:
        # It has the hour of the comparison in it: the pipeline is the same layer without.
        papers.append(Docs(path=certificate, description="The pipeline beside its notebook."))
    kitfile = _kitfile(
        name, run, model is not None, about, _entries(code_files), _entries(data_files), digests, remote, tuple(papers)
    )
    write_atomic(folder / "Kitfile", dump(kitfile))
    write_atomic(home / _STATE, state)
    call.progress(Progress(task="assemble", state="done", note=run.name))
    return Assembled(folder=folder, kitfile=kitfile, run=run)


def _told(call: Call) -> Callable[[int, int], None]:
    return lambda done, total: call.progress(
        Progress(task="model", done=done, total=total, state="done" if done >= total else "running")
    )


def _kitfile(
    name: str,
    run: RunView,
    has_model: bool,
    about: dict[str, Any],
    code: list[str],
    data: list[str],
    digests: Mapping[str, str],
    remote: Sequence[RemoteObject],
    docs: tuple[Docs, ...],
) -> Kitfile:
    notebook = run.tags.get(Tags.NOTEBOOK, "")
    inside = {path for path in code if path in data}
    parameters = {
        "mlflow_provenance": _provenance(run),
        **({"signature": about["signature"]} if "signature" in about else {}),
    }
    return new_kitfile(
        package=Package(
            name=name, version=short(run.id), description=f"Run {run.name} of {notebook or run.experiment}"
        ),
        model=Model(
            name=name,
            path=MODEL,
            framework=about.get("framework", ""),
            format=about.get("format", ""),
            version=short(run.id),
            description=f"MLflow model of run {run.name}",
            parameters=parameters,
        )
        if has_model
        else None,
        code=tuple(
            Code(path=path, description="The notebook." if path == notebook else "")
            for path in code
            if path not in inside
        ),
        datasets=tuple(
            Dataset(
                name=PurePosixPath(path).name,
                path=path,
                description="Read by the run.",
                parameters={
                    "snapshot": run.tags.get(Tags.DATA_SNAPSHOT, ""),
                    **({"blake3": digests[path]} if path in digests else {}),
                },
            )
            for path in data
        )
        + tuple(
            Dataset(
                name=PurePosixPath(each.path).name,
                path=each.path,
                remote_path=each.uri,
                remote_hash=each.etag,
                description="Read by the run, where it lies.",
            )
            for each in remote
            if each.path not in data
        ),
        docs=docs,
    )


def _provenance(run: RunView) -> dict[str, Any]:
    """In the shape in which `kit import mlflow://` writes it."""
    found: dict[str, Any] = {
        "mlflow_run_id": run.id,
        "mlflow_run_name": run.name,
        "mlflow_experiment": run.experiment,
        "mlflow_metrics": dict(sorted(run.metrics.items())),
        "mlflow_params": parameters_of(run),
    }
    for key, tag in (
        ("notebook", Tags.NOTEBOOK),
        ("data_snapshot", Tags.DATA_SNAPSHOT),
        ("code_snapshot", Tags.CODE_SNAPSHOT),
        ("git_commit", Tags.GIT_COMMIT),
    ):
        if run.tags.get(tag):
            found[key] = run.tags[tag]
    return {key: value for key, value in found.items() if value not in ("", {})}


def _described(path: Path) -> dict[str, Any]:
    """Framework, format and signature by the MLmodel file; what it does not say is left out."""
    document = read_mlmodel(path)
    flavors = document.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    framework = next((name for name in FRAMEWORKS if name in flavors), "")
    flavor = flavors.get(framework) or {}
    found: dict[str, Any] = {"framework": framework}
    if isinstance(flavor, dict):
        file = str(flavor.get("pickled_model") or flavor.get("data") or "")
        found["format"] = str(flavor.get("serialization_format") or PurePosixPath(file).suffix.lstrip("."))
    signature = document.get("signature")
    if isinstance(signature, dict):
        found["signature"] = {name: _parsed(value) for name, value in signature.items() if value}
    return {name: value for name, value in found.items() if value}


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


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
