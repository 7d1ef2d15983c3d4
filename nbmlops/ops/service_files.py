"""What an image holds beside the package: this project's own service, and what that and the model need."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nbmlops.errors import UsageError
from nbmlops.ops.origin import BILL
from nbmlops.ops.package_files import file_in
from nbmlops.package.layer_entries import layer_entries
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from nbmlops.package.paths import clean
from nbmlops.package.trust.bom import libraries

PARTS = (
    "__init__.py", "errors.py", "lib/__init__.py", "lib/user_folder.py", "lib/version.py", "serve", "model/__init__.py",
    "model/contract.py", "quality/__init__.py", "quality/door.py", "quality/expressions.py", "quality/patterns.py",
    "quality/seen.py", "quality/sentences.py", "quality/typed.py", "quality/values.py",
)  # fmt: skip
"""Of this project's package: what `nbmlops.serve` imports, and what rows are held against a contract with."""
NEEDS = ("httptools", "msgspec", "numpy", "pandas", "prometheus-client", "pyyaml", "starlette", "uvicorn")
"""What it needs of others, beside MLflow's smaller half."""
_MOST_BYTES = 1 << 20


class ModelNeeds(msgspec.Struct, frozen=True, kw_only=True):
    requirements: tuple[str, ...]
    python: str
    """`3.11`; empty where the model does not say."""


def copy_service(folder: Path) -> None:
    """Into a folder that can be a working folder: `python -m nbmlops.serve` starts there."""
    origin = Path(__file__).parents[1]
    for part in PARTS:
        source, target = origin / part, folder / "nbmlops" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)


def needs_of_model(layout: Layout, package: Opened) -> ModelNeeds:
    """By the files of an MLflow model. Raises UsageError for a package without one."""
    layer = next((each for each in package.layers if each.kind == "model"), None)
    model = package.kitfile.model
    if layer is None or model is None:
        raise UsageError(
            "The package holds no model of its own: there is nothing to serve.",
            kind="model-absent",
            hint="Pack a run that has one.",
        )
    folder = clean(model.path) or "."
    wanted = {f"{folder}/{name}": name for name in ("MLmodel", "requirements.txt", "python_env.yaml")}
    found: dict[str, str] = {}
    for entry in layer_entries(layout, layer):
        data = bytearray()
        for piece in entry.pieces:
            if entry.path in wanted and len(data) < _MOST_BYTES:
                data += piece
        if entry.path in wanted:
            found[wanted[entry.path]] = data.decode("utf-8", "replace")
    if "MLmodel" not in found:
        raise UsageError(
            f"The package's model, {model.path}, is no MLflow model: the service does not know how to ask it.",
            kind="model-other",
            hint="Log it with MLflow, and pack that run. For KServe's own servers: --modelcar",
        )
    return ModelNeeds(
        requirements=_requirements(found.get("requirements.txt", "")), python=_python(found.get("python_env.yaml", ""))
    )


def service_needs(model: ModelNeeds) -> tuple[str, ...]:
    """Of the model and of the service together. MLflow's server, its pages and their libraries stay out."""
    named: dict[str, str] = {canonicalize_name(Requirement(line).name): line for line in model.requirements}
    mlflow = named.pop("mlflow", "") or named.pop("mlflow-skinny", "") or f"mlflow=={version('mlflow')}"
    named["mlflow-skinny"] = "mlflow-skinny" + mlflow[len(Requirement(mlflow).name) :]
    for name in NEEDS:
        named.setdefault(name, name)
    return tuple(sorted(named.values()))


def known_versions(layout: Layout, package: Opened) -> Mapping[str, str]:
    """Of the packages with which the run was made, by the package's bill of materials; else those that are here."""
    bill = file_in(layout, package, BILL)
    if bill is not None:
        return libraries(bill)
    found = {}
    for name in NEEDS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _requirements(text: str) -> tuple[str, ...]:
    found = []
    for line in text.splitlines():
        line = line.partition(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        try:
            Requirement(line)
        except InvalidRequirement:
            raise UsageError(
                f"The model asks for {line[:100]!r}, which no list of wheels can have.",
                kind="requirements-malformed",
                hint="Give a locked list instead: --requirements FILE",
            ) from None
        found.append(line)
    return tuple(found)


def _python(text: str) -> str:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    told = str(document.get("python", "")) if isinstance(document, dict) else ""
    return ".".join(told.split(".")[:2]) if told.count(".") else ""
