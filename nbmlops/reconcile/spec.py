"""Documents in `reconcilers/`: YAML to a `Reconciler`, or one line that says what is wrong and where.

    apiVersion: nbmlops.dev/v1
    kind: Trainer
    metadata: {name: labels-train}
    spec:
      model: labels
      pipeline: pipelines/labels
      interval: 10m
      needs: {any: [{maxAge: 24h}, {codeChanged: true}]}

A file may hold several. What is read is kept by the file's time, size and inode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.reconciler import (
    API_VERSION,
    GateSpec,
    GuardSpec,
    Kind,
    Place,
    PublishSpec,
    Reconciler,
    Window,
)
from nbmlops.reconcile.documents import DEPLOYER, TRAINER, document
from nbmlops.reconcile.shapes import At, line_of, near, plain
from nbmlops.reconcile.words import days_of, minutes_of

FOLDER = "reconcilers"
MOST_BYTES = 256 << 10
MOST_DOCUMENTS = 1000
_MOST_BRACKETS = 100
SHAPES = {
    Kind.TRAINER: document(Kind.TRAINER, API_VERSION, TRAINER),
    Kind.DEPLOYER: document(Kind.DEPLOYER, API_VERSION, DEPLOYER),
}


def read(text: str, *, place: str = "reconciler.yaml", path: str = "") -> tuple[Reconciler, ...]:
    """`path` is what the reconcilers say of where they are from. Raises UsageError with the line."""
    return tuple(each for _, each in read_with_lines(text, place=place, path=path))


def read_with_lines(text: str, *, place: str, path: str = "") -> tuple[tuple[int, Reconciler], ...]:
    found = [
        (line, _reconciler(value, At(place, line, "a reconciler"), path or place))
        for line, value in _documents(text, place)
    ]
    if not found:
        raise At(place, 1, "").refused("it holds no document")
    return tuple(found)


def load(path: Path, *, name: str = "") -> tuple[tuple[int, Reconciler], ...]:
    """`name` is the path as the project says it. Raises NotFoundError, UsageError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        raise NotFoundError(
            f"There is no reconciler {path}.", kind="reconciler-missing", hint="docs/reconcile.md shows one."
        ) from None
    if len(data) > MOST_BYTES:
        raise At(path.name, 1, "").refused(f"it is larger than {MOST_BYTES >> 10} KiB")
    return read_with_lines(data.decode("utf-8", "replace"), place=path.name, path=name or path.name)


def _documents(text: str, place: str) -> Iterator[tuple[int, Any]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if _brackets(text) > _MOST_BRACKETS:
        raise At(place, 1, "").refused(f"it is no YAML of a reconciler: over {_MOST_BRACKETS} brackets in each other")
    found = []
    try:
        for value in YAML(typ="rt", pure=True).load_all(text):
            if value is not None:
                # Of a mapping the first key's line; else there is none to tell.
                first = next(iter(value), None) if isinstance(value, Mapping) else None
                found.append((line_of(value, first, 1), value))
            if len(found) > MOST_DOCUMENTS:
                raise At(place, 1, "").refused(f"it holds more than {MOST_DOCUMENTS} documents")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(str(error.problem or error.context).split())
        raise At(place, mark.line + 1 if mark is not None else 1, "").refused(f"it is no YAML: {why}") from error
    except UsageError:
        raise
    except (YAMLError, RecursionError, ValueError, TypeError, AttributeError, AssertionError) as error:
        # The last three are how the reader ends on some odd texts.
        raise At(place, 1, "").refused(f"it is no YAML: {' '.join(str(error).split())[:200]}") from error
    yield from found


def _brackets(text: str) -> int:
    """How many are open at once, about: YAML's reader takes seconds for thousands of them."""
    depth = deepest = 0
    for each in re.findall(r"[\[\]{}]", re.sub(r"(?m)(^|\s)#.*", "", text)):
        depth = depth + 1 if each in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _reconciler(value: Any, at: At, path: str) -> Reconciler:
    if not isinstance(value, Mapping):
        raise at.refused(f"{at.what} is a mapping with apiVersion, kind, metadata and spec")
    kind = value.get("kind")
    if kind is None:
        raise at.refused("a reconciler says no kind; there are Trainer and Deployer")
    if kind not in tuple(Kind):
        known = tuple(each.value for each in Kind)
        raise at.inner(value, "kind").refused(
            f"there is no kind {str(kind)[:60]!r}{near(kind, known) or '; there are Trainer and Deployer'}"
        )
    read = SHAPES[Kind(kind)].read(value, at)
    spec, name = read["spec"], read["metadata"]["name"]
    common: dict[str, Any] = {
        "name": name,
        "kind": Kind(kind),
        "path": path,
        "digest": digest_bytes(canonical_json(plain(value, at, [10_000]))),
        "depends_on": spec.get("dependsOn", ()),
        "guard": _guard(spec.get("guard", {})),
        **_given(spec, _FIELDS),
        **_given(spec.get("history", {}), {"successful": "kept_successful", "failed": "kept_failed"}),
    }
    if kind == Kind.DEPLOYER:
        desired = spec["desired"]
        return Reconciler(
            **common,
            desired=None if "tag" in desired else Place(**desired),
            desired_tag=desired.get("tag", ""),
            deployment_options={
                _snake(key): list(option) if isinstance(option, tuple) else option
                for key, option in spec.get("deploy", {}).items()
            },
        )
    publish = spec.get("publish")
    return Reconciler(
        **common,
        gate=_gate(spec["gate"]) if "gate" in spec else None,
        publish=PublishSpec(place=Place(**publish.pop("edit")), **publish) if publish is not None else None,
    )


def _guard(found: Mapping[str, Any]) -> GuardSpec:
    names = {
        "cooldown": "cooldown",
        "maxRunsPerDay": "most_runs_a_day",
        "budgetCpuHours": "cpu_hours",
        "minRows": "least_rows",
        "pin": "pin",
    }
    windows = tuple(
        Window(
            days=days_of(each["days"]) if "days" in each else tuple(range(7)),
            start=minutes_of(each["from"]),
            end=minutes_of(each["to"]),
            zone=each.get("zone", "UTC"),
        )
        for each in found.get("windows", ())
    )
    return GuardSpec(**_given(found, names), windows=windows)


def _gate(found: Mapping[str, Any]) -> GateSpec:
    same = {name: name for name in ("file", "data", "target", "against", "contract")}
    return GateSpec(**_given(found, same | {"certificate": "is_certified", "signature": "is_alike"}))


def _given(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: found[name] for name, field in names.items() if name in found}


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)


_FIELDS = {
    "interval": "interval",
    "retryInterval": "retry_interval",
    "timeout": "timeout",
    "suspend": "is_suspended",
    "maxAttempts": "most_attempts",
    "model": "model",
    "pipeline": "pipeline",
    "engine": "engine",
    "parameters": "parameters",
    "needs": "needs",
    "deployment": "deployment",
}
