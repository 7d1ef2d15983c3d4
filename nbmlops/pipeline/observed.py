"""What a step rested on beside its key, as it was seen while it ran; and whether that still holds."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from nbmlops.lib.digest import digest_bytes
from nbmlops.model.cell import Execution
from nbmlops.model.step_cache import Observed
from nbmlops.pipeline.module_code import FileOf, used_definitions
from nbmlops.pipeline.plain_code import StepCell

DigestOf = Callable[[str], str | None]
"""The digest of a file, named as records name it; None where it is gone."""
VersionOf = Callable[[str], str | None]
"""The installed version of a distribution."""


def observe(
    cells: Sequence[StepCell],
    executions: Iterable[Execution],
    *,
    file_of: FileOf,
    modules: Iterable[Path],
    packages: Mapping[str, str],
    digest_of: DigestOf,
    relative: Callable[[Path], str],
) -> Observed:
    """`modules`: files of local modules that were imported; `packages`: versions of the distributions."""
    ran = tuple(executions)
    used = used_definitions(cells, file_of)
    covered = {file_of(name) for name in used}
    files, unchecked = _read(ran, digest_of)
    # A module that is not beside the notebook counts as a whole.
    for path in modules:
        if path not in covered and (digest := digest_of(relative(path))) is not None:
            files[relative(path)] = digest
    return Observed(
        files=dict(sorted(files.items())),
        modules=used,
        packages=dict(sorted(packages.items())),
        variables={name: _variable(name) for name in sorted(_variables(cells))},
        unchecked=tuple(unchecked),
    )


def changes(
    observed: Observed, cells: Sequence[StepCell], *, file_of: FileOf, digest_of: DigestOf, version_of: VersionOf
) -> str:
    """The first thing that no longer holds, in words; empty when all of it does."""
    if observed.unchecked:
        return f"reads {observed.unchecked[0]}, which may have changed"
    for name, digest in observed.variables.items():
        if _variable(name) != digest:
            return f"environment variable {name} changed"
    if observed.modules and (changed := _changed_module(observed.modules, used_definitions(cells, file_of))):
        return changed
    for name, version in observed.packages.items():
        if (now := version_of(name)) != version:
            return f"{name} {version} → {now or 'not installed'}"
    for path, digest in observed.files.items():
        now = digest_of(path)
        if now != digest:
            return f"{path} {'changed' if now else 'is gone'}"
    return ""


def _changed_module(before: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> str:
    if before == now:
        return ""
    for module in sorted({*before, *now}):
        old, new = before.get(module, {}), now.get(module, {})
        for name in sorted({*old, *new}, reverse=True):
            if old.get(name) != new.get(name):
                what = f"{module}.{name}" if name else f"what {module} does when it is imported"
                return f"{what} changed"
    return ""


def _read(executions: Sequence[Execution], digest_of: DigestOf) -> tuple[dict[str, str], list[str]]:
    """Files that the cells read before any of them wrote them, and what cannot be looked at again."""
    files: dict[str, str] = {}
    unchecked: dict[str, None] = {}
    written: set[str] = set()
    for execution in executions:
        written.update(use.path for use in execution.outputs)
        for use in execution.inputs:
            if use.is_remote:
                unchecked[use.path.partition("?")[0]] = None
            elif use.path not in written and use.path not in files and (digest := digest_of(use.path)) is not None:
                files[use.path] = digest
    return files, list(unchecked)


def _variables(cells: Iterable[StepCell]) -> set[str]:
    """Environment variables that code names."""
    found: set[str] = set()
    for cell in cells:
        if cell.tree is None:
            continue
        for node in ast.walk(cell.tree):
            name: ast.expr | None = None
            if isinstance(node, ast.Subscript) and _is_environ(node.value):
                name = node.slice
            elif isinstance(node, ast.Call) and node.args and _asks(node.func):
                name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.add(name.value)
    return found


def _asks(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "getenv"
    if not isinstance(function, ast.Attribute):
        return False
    return function.attr == "getenv" or (function.attr == "get" and _is_environ(function.value))


def _is_environ(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (
        isinstance(node, ast.Name) and node.id == "environ"
    )


def _variable(name: str) -> str:
    value = os.environ.get(name)
    return "" if value is None else digest_bytes(os.fsencode(value))
