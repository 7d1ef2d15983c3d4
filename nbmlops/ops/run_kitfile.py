"""The Kitfile of a run's package: what each part is, and where the model comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nbmlops.lib.digest import short
from nbmlops.model.kitfile import Code, Dataset, Docs, Kitfile, Model, Package
from nbmlops.model.run import RunView, Tags
from nbmlops.ops.canonical_model import read_mlmodel
from nbmlops.ops.origin import BILL, PROVENANCE, parameters_of
from nbmlops.ops.packed_run import RUN_FILE
from nbmlops.ops.remote_data import RemoteObject
from nbmlops.package.kitfile import new_kitfile

CARD = "MODEL_CARD.md"
MODEL = "model"
README = ("README.md", "README.rst", "README.txt")
FRAMEWORKS = ("sklearn", "xgboost", "lightgbm", "catboost", "pytorch", "tensorflow", "keras", "onnx", "transformers")
_PAPERS = {
    CARD: "Model card.",
    PROVENANCE: "Where it comes from: SLSA provenance v1.",
    BILL: "Bill of materials: CycloneDX 1.6.",
    RUN_FILE: "What the run executed: nbmlops reproduce.",
    **dict.fromkeys(README, "The project in its own words."),
}
_OTHER = "The pipeline beside its notebook."


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Of a run that is laid out in a folder; paths are relative to that."""

    name: str
    run: RunView
    about: dict[str, Any]
    """What `described` says of its model."""
    has_model: bool
    code: Sequence[str]
    data: Sequence[str]
    digests: Mapping[str, str]
    """BLAKE3 of files of data."""
    remote: Sequence[RemoteObject]
    docs: Sequence[str]


def kitfile_of(facts: Facts) -> Kitfile:
    run, about = facts.run, facts.about
    notebook = run.tags.get(Tags.NOTEBOOK, "")
    inside = {path for path in facts.code if path in facts.data}
    parameters = {
        "mlflow_provenance": _provenance(run),
        **({"signature": about["signature"]} if "signature" in about else {}),
    }
    return new_kitfile(
        package=Package(
            name=facts.name, version=short(run.id), description=f"Run {run.name} of {notebook or run.experiment}"
        ),
        model=Model(
            name=facts.name,
            path=MODEL,
            framework=about.get("framework", ""),
            format=about.get("format", ""),
            version=short(run.id),
            description=f"MLflow model of run {run.name}",
            parameters=parameters,
        )
        if facts.has_model
        else None,
        code=tuple(
            Code(path=path, description="The notebook." if path == notebook else "")
            for path in facts.code
            if path not in inside
        ),
        datasets=tuple(
            Dataset(
                name=PurePosixPath(path).name,
                path=path,
                description="Read by the run.",
                parameters={
                    "snapshot": run.tags.get(Tags.DATA_SNAPSHOT, ""),
                    **({"blake3": facts.digests[path]} if path in facts.digests else {}),
                },
            )
            for path in facts.data
        )
        + tuple(
            Dataset(
                name=PurePosixPath(each.path).name,
                path=each.path,
                remote_path=each.uri,
                remote_hash=each.etag,
                description="Read by the run, where it lies.",
            )
            for each in facts.remote
            if each.path not in facts.data
        ),
        docs=tuple(Docs(path=path, description=_PAPERS.get(path, _OTHER)) for path in facts.docs),
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


def described(path: Path) -> dict[str, Any]:
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
