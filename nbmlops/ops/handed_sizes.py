"""How many bytes the steps of a notebook's pipeline have handed on when it ran last."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nbmlops.errors import NbmlopsError
from nbmlops.model.documents import decode
from nbmlops.model.pipeline import PipelineResult
from nbmlops.pipeline.folder import DOCUMENT, read_pipeline
from nbmlops.pipeline.handoff import MANIFEST, Held, Manifest, folder_name
from nbmlops.project import Project

_NEWEST = 20
"""Runs of pipelines that are looked at."""


def handed_sizes(project: Project, notebook: Path) -> dict[str, tuple[Held, ...]]:
    """By step. A step that was kept lately shows what it handed on when it was executed."""
    found: dict[str, tuple[Held, ...]] = {}
    for result in project.records.newest(PipelineResult, limit=_NEWEST):
        folder = project.absolute(result.source)
        if not result.source or _notebook_of(folder) != notebook.resolve():
            continue
        for step in result.steps:
            place = Path(result.folder) / "handoff" / folder_name(step.step) / MANIFEST
            if step.step not in found and place.is_file():
                try:
                    found[step.step] = decode(place.read_bytes(), Manifest, place=str(place)).held
                except (NbmlopsError, OSError):
                    continue  # a convenience: nothing is said of it
    return found


def _notebook_of(folder: Path) -> Path | None:
    try:
        return _read(folder, (folder / DOCUMENT).stat().st_mtime_ns)
    except (NbmlopsError, OSError):
        return None


@lru_cache(maxsize=64)
def _read(folder: Path, modified_ns: int) -> Path:
    return (folder / read_pipeline(folder).notebook).resolve()
