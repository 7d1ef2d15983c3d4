"""`run.zip` of a package: the run, its trace and its code, so that `reproduce` works where it is unpacked.

The files of its data are in the package already; of them only the list goes in. Nothing in it is compressed: the
search for secrets reads all of it.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator

from msgspec.structs import replace

from nbmlops.errors import NotFoundError
from nbmlops.model.documents import encode
from nbmlops.model.packed_run import PackedRun
from nbmlops.model.run import DatasetUse, RunView, Tags
from nbmlops.model.snapshot import Snapshot
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.trace import load_trace
from nbmlops.track.lists import list_runs

RUN_FILE = "run.zip"
DOCUMENT = "run.json"
OBJECTS = "objects/"
_OF_A_CELL = frozenset({"cell", "fit", "mlflow"})
_LEFT = frozenset(
    {Tags.REPRODUCED, Tags.RESULT, Tags.MODEL, Tags.MLFLOW_USER, Tags.MLFLOW_SOURCE, Tags.MLFLOW_SOURCE_TYPE}
)
"""Tags that speak of this machine's places and people, or of what is only here."""


def packed_run(project: Project, run: RunView, uses: tuple[DatasetUse, ...]) -> bytes | None:
    """The same bytes for the same run; None where it has left no trace by which it could be executed again."""
    trace, code, data = (run.tags.get(tag, "") for tag in (Tags.TRACE, Tags.CODE_SNAPSHOT, Tags.DATA_SNAPSHOT))
    if not trace:
        return None
    document = PackedRun(run=_portable(run), siblings=tuple(map(_portable, _siblings(project, run))), datasets=uses)
    try:
        digests = sorted({*_of_trace(project, trace), *_of_code(project, code), *filter(None, [data])})
        objects = {digest: project.objects.read(digest) for digest in digests}
    except NotFoundError:
        return None  # gc has taken it
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(DOCUMENT), encode(document))
        for digest, content in objects.items():
            archive.writestr(zipfile.ZipInfo(f"{OBJECTS}{digest}"), content)
    return out.getvalue()


def _of_trace(project: Project, digest: str) -> Iterator[str]:
    trace = load_trace(digest, project.objects)
    yield digest
    yield from trace.random.values()
    if trace.executed:
        yield trace.executed


def _of_code(project: Project, digest: str) -> Iterator[str]:
    if not digest:
        return
    snapshot: Snapshot = load(digest, project.objects)
    yield digest
    yield from (entry.digest for entry in snapshot.entries if not entry.path.startswith("/"))
    if snapshot.environment:
        yield snapshot.environment
    if snapshot.git is not None and snapshot.git.diff:
        yield snapshot.git.diff


def _siblings(project: Project, run: RunView) -> list[RunView]:
    kind, execution = run.tags.get(Tags.KIND, ""), run.tags.get(Tags.EXECUTION, "")
    if kind not in _OF_A_CELL or not execution:
        return []
    found = list_runs(project.uri, limit=100_000, tags={Tags.EXECUTION: execution, Tags.KIND: kind})
    return sorted((each for each in found if each.id != run.id), key=lambda each: each.id)


def _portable(run: RunView) -> RunView:
    return replace(
        run,
        tags={name: value for name, value in sorted(run.tags.items()) if name not in _LEFT},
        # JSON has no others.
        metrics={name: value for name, value in run.metrics.items() if math.isfinite(value)},
    )
