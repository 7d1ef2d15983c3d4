"""The pipelines of a project: folders with a `pipeline.yaml`, read once until they change."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.model.certificate import Certificate
from nbmlops.model.documents import identity
from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.folder import CERTIFICATE, DOCUMENT, read_certificate, read_pipeline

MOST_FOLDERS = 20_000
"""That are looked into."""
DEEPEST = 8
_LEFT_OUT = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env"})
_REMEMBERED = 256
_known: OrderedDict[Path, tuple[object, FoundPipeline]] = OrderedDict()
_lock = threading.Lock()


class FoundPipeline(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    pipeline: Pipeline | None
    certificate: Certificate | None = None
    is_certified: bool = False
    """Whether the certificate is about the pipeline as it is now."""
    problem: str = ""
    """Why it cannot be read."""


def find_pipelines(root: Path) -> tuple[tuple[FoundPipeline, ...], bool]:
    """In order of their folders, and whether all folders were looked into. Hidden folders are left out."""
    found, looked, is_whole = [], 0, True
    for place, folders, files in os.walk(root):
        looked += 1
        if looked > MOST_FOLDERS:
            is_whole = False
            break
        depth = len(Path(place).relative_to(root).parts)
        if DOCUMENT in files and depth:
            found.append(Path(place))
            folders.clear()
            continue
        if depth >= DEEPEST:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _LEFT_OUT)
    return tuple(map(read_found, found)), is_whole


def read_found(folder: Path) -> FoundPipeline:
    state = tuple(_state(folder / name) for name in (DOCUMENT, CERTIFICATE))
    with _lock:
        known = _known.get(folder)
        if known is not None and known[0] == state:
            _known.move_to_end(folder)
            return known[1]
    found = _read(folder)
    with _lock:
        _known[folder] = (state, found)
        _known.move_to_end(folder)
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return found


def _read(folder: Path) -> FoundPipeline:
    try:
        pipeline = read_pipeline(folder)
        certificate = read_certificate(folder)
    except (NbmlopsError, OSError) as error:
        return FoundPipeline(folder=folder, pipeline=None, problem=" ".join(str(error).split()))
    is_certified = certificate is not None and certificate.pipeline == identity(pipeline)
    return FoundPipeline(folder=folder, pipeline=pipeline, certificate=certificate, is_certified=is_certified)


def _state(path: Path) -> object:
    try:
        info = path.stat()
    except OSError:
        return None
    return (info.st_ino, info.st_size, info.st_mtime_ns)
