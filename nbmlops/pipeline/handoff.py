"""Values from one step to the next. Step notebooks call this; nobody else needs to.

    from nbmlops import handoff
    X, y = handoff.take("X", "y", step="prepare")     # what `prepare` gave
    ...
    handoff.give({"model": model}, step="train")      # one dict per bundle

Variables of one bundle are stored together, so that two names of one object are one object again afterwards.
The files lie in the folder named by NBMLOPS_HANDOFF, one folder per step, with a manifest that carries their
digests; without that variable (a step run by hand with papermill), in `.nbmlops-handoff` beside the notebook.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, StateError
from nbmlops.lib.digest import digest_file
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.documents import Document, decode, encode
from nbmlops.model.names import slug
from nbmlops.pipeline.formats import format_named, store

FOLDER_VARIABLE = "NBMLOPS_HANDOFF"
AS_VARIABLE = "NBMLOPS_HANDOFF_AS"
"""Under which name a step gives: one of several instances does not give under the step's own."""
DEFAULT_FOLDER = ".nbmlops-handoff"
MANIFEST = "manifest.json"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One bundle on the disk."""

    names: tuple[str, ...]
    format: str
    file: str
    digest: str
    size: int


class Manifest(Document, frozen=True, kw_only=True, tag="handoff"):
    step: str
    held: tuple[Held, ...] = ()
    parts: tuple[str, ...] | None = None
    """Of a step that ran once for each item: its instances, in order. Each name then stands for the list of theirs."""
    refused: dict[str, str] = msgspec.field(default_factory=dict)
    """Names whose values cannot be stored, with the reason (only where that is allowed: probes)."""


def take(*names: str, step: str) -> Any:
    """The values that `step` gave, in the order of `names`; a single one by itself.

    Raises NotFoundError when the step has not run or did not give a name, IntegrityError for a damaged file.
    """
    values = read(folder() / slug(step), names)
    return values[names[0]] if len(names) == 1 else tuple(values[name] for name in names)


def give(*bundles: dict[str, Any], step: str) -> None:
    """Keep bundles of values for later steps. One that cannot be stored fails the step that takes it, not this one."""
    manifest = write(folder() / folder_name(os.environ.get(AS_VARIABLE) or step), step, bundles)
    for held in manifest.held:
        print(f"{step} gives {', '.join(held.names)} ({held.format}, {held.size:,} bytes)")  # noqa: T201 - for people
    for name, why in manifest.refused.items():
        print(f"{step} cannot give {name}: {why}")  # noqa: T201


def probe(names: tuple[str, ...], namespace: dict[str, Any], place: Path, step: str) -> None:
    """Keep the values that names have now, for comparing. What cannot be stored is noted, not raised."""
    bundles = [{name: namespace[name]} for name in names if name in namespace]
    write(place / slug(step), step, tuple(bundles))


def folder_name(step: str) -> str:
    """Of what a step gives: its name, and the number of the instance where it is one."""
    base, _, number = step.partition(".")
    return f"{slug(base)}.{number}" if number.isdigit() else slug(step)


def gather(place: Path, step: str, parts: tuple[str, ...]) -> None:
    """Let `place` stand for what the instances of a step have given."""
    place.mkdir(parents=True, exist_ok=True)
    write_atomic(place / MANIFEST, encode(Manifest(step=step, parts=parts)))


def _of_instances(place: Path) -> Manifest | None:
    """What instances have given where no run has gathered it: a replay executes cells, not pipelines."""
    numbers = sorted(int(path.name.rpartition(".")[2]) for path in place.parent.glob(f"{place.name}.[0-9]*"))
    return Manifest(step=place.name, parts=tuple(f"{place.name}.{number}" for number in numbers)) if numbers else None


def folder() -> Path:
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


def write(place: Path, step: str, bundles: tuple[dict[str, Any], ...]) -> Manifest:
    held, refused = [], {}
    with refusing_disk_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        for number, bundle in enumerate(bundle for bundle in bundles if bundle):
            names = tuple(bundle)
            value = bundle[names[0]] if len(names) == 1 else bundle
            stem = place / f"{number:02}-{slug(names[0], 'value')}"
            try:
                format, path = store(value, stem)
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001
                # Pickling runs the value's own code: it can fail in any way.
                why = f"{type(error).__name__}: {' '.join(str(error).split())}"
                refused.update(dict.fromkeys(names, f"it cannot be stored ({why})"))
                continue
            held.append(
                Held(
                    names=names,
                    format=format.name,
                    file=path.name,
                    digest=digest_file(path),
                    size=path.stat().st_size,
                )
            )
    manifest = Manifest(step=step, held=tuple(held), refused=refused)
    write_atomic(place / MANIFEST, encode(manifest))
    return manifest


def manifest_of(place: Path) -> Manifest | None:
    path = place / MANIFEST
    return decode(path.read_bytes(), Manifest, place=str(path)) if path.is_file() else None


def read(place: Path, names: tuple[str, ...]) -> dict[str, Any]:
    manifest = manifest_of(place) or _of_instances(place)
    if manifest is None:
        raise NotFoundError(
            f"Step {place.name} has not given anything yet.",
            kind="handoff-missing",
            hint=f"Run it first, or set {FOLDER_VARIABLE} to the folder of a run.",
        )
    if manifest.parts is not None:
        found = [read(place.parent / folder_name(part), names) for part in manifest.parts]
        return {name: [values[name] for values in found] for name in names}
    values: dict[str, Any] = {}
    for held in manifest.held:
        if any(name in names for name in held.names):
            path = place / held.file
            if not path.is_file() or digest_file(path) != held.digest:
                raise IntegrityError(
                    f"{path} is not what step {manifest.step} gave.",
                    kind="handoff-damaged",
                    hint=f"Run step {manifest.step} again.",
                )
            value = format_named(held.format).read(path)
            values.update({held.names[0]: value} if len(held.names) == 1 else value)
    for name in names:
        if name in manifest.refused:
            raise StateError(
                f"{name} cannot come from step {manifest.step}: {manifest.refused[name]}.",
                kind="value-not-storable",
                hint="Make it in the step that uses it: move its cell there, or tag both cells with one step.",
            )
        if name not in values:
            raise NotFoundError(f"Step {manifest.step} did not give {name}.", kind="handoff-missing", name=name)
    return values
