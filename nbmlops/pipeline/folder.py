"""A pipeline's folder on disk: written whole or not at all, read back with care.

    pipeline.yaml  requirements.txt  README.md  certificate.json  steps/*.ipynb  .export.json

`.export.json` holds the digests of what the export wrote, so that the next export can tell hand-made changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.certificate import Certificate
from nbmlops.model.documents import decode, encode
from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.document import load

DOCUMENT, CERTIFICATE, WRITTEN = "pipeline.yaml", "certificate.json", ".export.json"


def read_pipeline(folder: Path) -> Pipeline:
    """The pipeline of a folder (or of its `pipeline.yaml`). Raises NotFoundError and UsageError."""
    path = folder if folder.name == DOCUMENT else folder / DOCUMENT
    if not path.is_file():
        raise NotFoundError(
            f"There is no pipeline in {folder}.", kind="pipeline-missing", hint="Make one: nbmlops export NOTEBOOK"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", kind="pipeline-not-yaml", hint="Save it as UTF-8.") from error
    pipeline = load(text, str(path))
    for step in pipeline.steps:
        if not (path.parent / step.notebook).is_file():
            raise NotFoundError(
                f"Step {step.name} has no notebook: {path.parent / step.notebook}.",
                kind="step-notebook-missing",
                hint="Bring it back, or export again with --force.",
            )
    return pipeline


def read_certificate(folder: Path) -> Certificate | None:
    path = folder / CERTIFICATE
    return decode(path.read_bytes(), Certificate, place=str(path)) if path.is_file() else None


def write_certificate(folder: Path, certificate: Certificate) -> None:
    write_atomic(folder / CERTIFICATE, encode(certificate) + b"\n")


def check_replaceable(folder: Path) -> None:
    """Raises ConflictError when a folder holds something that an export must not replace unasked."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    written = folder / WRITTEN
    if not written.is_file():
        raise ConflictError(
            f"{folder} is not empty, and not a pipeline of ours.",
            kind="folder-not-empty",
            hint="Choose another folder with -o, or replace it with --force.",
        )
    changed = edited(folder)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ConflictError(
            f"{changed[0]}{more} in {folder} was edited since the last export.",
            kind="pipeline-edited",
            hint="Export elsewhere with -o, or replace it with --force (a snapshot of it is kept).",
            files=changed,
        )


def edited(folder: Path) -> list[str]:
    """Files of an exported folder that are no longer as written."""
    try:
        digests = msgspec.json.decode((folder / WRITTEN).read_bytes(), type=dict[str, str])
    except msgspec.DecodeError:
        return [WRITTEN]
    there = {name: folder / name for name in digests}
    return [name for name, path in there.items() if not path.is_file() or digest_file(path) != digests[name]]


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a folder beside `target` that takes its place when the block ends well, and vanishes when not."""
    with refusing_disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            yield fresh
            fresh.chmod(0o777 & ~_umask())
            old = None
            if target.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
                os.rename(target, old / "was")
            try:
                os.rename(fresh, target)
            except BaseException:
                if old is not None:
                    os.rename(old / "was", target)
                raise
            finally:
                if old is not None:
                    shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    digests = {name: digest_bytes(data) for name, data in sorted(files.items())}
    (folder / WRITTEN).write_text(json.dumps(digests, indent=1) + "\n")


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
