"""The variables of a step that failed, kept so that somebody can go on from there.

keep_namespace()                            # in the step's kernel, after the cell that failed
found = read_namespace(folder_of(notebook)) # somewhere else
"""

from __future__ import annotations

import contextlib
import importlib
import os
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.pipeline.handoff import MANIFEST, manifest_of, read, write

VARIABLE = "NBMLOPS_NAMESPACE"
"""Where a step's kernel shall leave its variables when a cell fails."""
MODULES = "(modules)"
STEP = "namespace"


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    values: dict[str, Any]
    refused: dict[str, str]
    """Names that could not be stored, with the reason."""


def folder_of(notebook: Path) -> Path:
    """Where the variables of a step lie, by its executed notebook."""
    return notebook.with_suffix(".namespace")


def keep_namespace() -> None:
    """Does nothing where nobody has asked for it."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    place = os.environ.get(VARIABLE, "")
    if shell is not None and place:
        hidden = {*shell.user_ns_hidden, "In", "Out", "exit", "quit", "get_ipython", "open"}
        own = {name: value for name, value in shell.user_ns.items() if name not in hidden and not name.startswith("_")}
        store(Path(place), own)


def store(place: Path, namespace: Mapping[str, Any]) -> None:
    """All in one bundle, so that two names of one object stay that; without those that cannot be stored."""
    modules = {name: value.__name__ for name, value in namespace.items() if isinstance(value, types.ModuleType)}
    values = {name: value for name, value in namespace.items() if name not in modules}
    refused: dict[str, str] = {}
    manifest = write(place, STEP, ({MODULES: modules}, values))
    if manifest.refused:
        # One by one, to know which; then the others together.
        for name, value in values.items():
            refused |= write(place, STEP, ({name: value},)).refused
        values = {name: value for name, value in values.items() if name not in refused}
        manifest = write(place, STEP, ({MODULES: modules}, values))
        refused |= manifest.refused
    named = {MANIFEST, *(held.file for held in manifest.held)}
    for path in place.iterdir():
        if path.name not in named:
            path.unlink()
    write_refused(place, refused)


def write_refused(place: Path, refused: Mapping[str, str]) -> None:
    (place / "refused.json").write_bytes(msgspec.json.encode(dict(refused)))


def read_namespace(place: Path) -> Namespace:
    """Raises NotFoundError when there is none, IntegrityError when it is damaged. Modules are imported."""
    manifest = manifest_of(place)
    if manifest is None:
        raise NotFoundError(f"There are no variables in {place}.", kind="namespace-missing")
    values = read(place, tuple(name for held in manifest.held for name in held.names))
    refused: dict[str, str] = msgspec.json.decode((place / "refused.json").read_bytes())
    for name, module in values.pop(MODULES, {}).items():
        with contextlib.suppress(ImportError):
            values[name] = importlib.import_module(module)
            continue
        refused[name] = f"there is no module {module} here"
    return Namespace(values=values, refused=refused)
