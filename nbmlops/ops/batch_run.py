"""The MLflow run of a `batch`: by which model, of what, with how many rows, and what came out of it."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from nbmlops.errors import InterruptedRunError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.clock import utc_now
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.model.batch_scoring import ScoringPlan
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.ops.call import Call
from nbmlops.ops.session import OpenedRun, Session
from nbmlops.ops.snapshot import take_data
from nbmlops.track.messages import EndRun, LogDatasets, LogMetrics, LogParams, Point, SetTags

if TYPE_CHECKING:
    from nbmlops.ops.batch import Request, Result

KIND = "scoring"
"""Runs of kind `batch` are notebooks that were executed as a whole."""
MOST_FILES = 200
"""That are named each; more are one dataset."""
_GOODBYE_SECONDS = 60.0
_SEEN_SECONDS = 30.0


class BatchRun:
    """Ends as what happens inside of it ends. Nothing is done where the request says so.

    MLflow is large and takes seconds to load: it is not told of the run before it ends, or has taken a while.
    """

    def __init__(self, call: Call, request: Request, plan: ScoringPlan, name: str, told: Result) -> None:
        self._call = call
        self._request = request
        self._plan = plan
        self._name = name
        self._told = told
        self._started = utc_now()
        self._began = time.monotonic()
        self._session: Session | None = None
        self._opened: OpenedRun | None = None

    @property
    def id(self) -> str:
        """MLflow's; empty where there is none."""
        opened = self._open()
        return self._session.resolve(opened.key) if self._session is not None and opened is not None else ""

    def __enter__(self) -> Self:
        if not self._request.no_track:
            is_inside = self._call.has_session
            self._session = (
                self._call.session if is_inside else Session(self._call.project, notebook=None, namespace={}, door=KIND)
            )
        return self

    def goes_on(self) -> None:
        """Asked now and then, so that what takes long is seen while it does."""
        if time.monotonic() - self._began > _SEEN_SECONDS:
            self._open()

    def _open(self) -> OpenedRun | None:
        if self._session is None or self._opened is not None:
            return self._opened
        rows = {"rows": str(self._told.rows)} if self._told.rows is not None else {}
        self._opened = self._session.open_run(
            f"{self._name}-scoring",
            KIND,
            params={
                "model": self._request.model,
                "package": self._told.model,
                "package_digest": self._told.digest,
                "input": self._told.input,
                "output": self._told.output,
                "on_error": self._plan.on_error,
                **rows,
            },
            is_of_cell=False,
            started=self._started,
        )
        self._session.send(LogDatasets(key=self._opened.key, uses=self._uses()))
        return self._opened

    def finished(self, told: Result, path: Path, seconds: float, *, is_sent: bool) -> Result:
        """With what is known of the output. `seconds` is how long scoring took."""
        opened = self._open()
        if self._session is None or opened is None or told.rows is None:
            return told
        project, key = self._call.project, opened.key
        now = time.time_ns() // 1_000_000
        values = {"rows": told.rows, "failed_rows": told.failed, "written_rows": told.written}
        values["rows_per_second"] = round(told.rows / max(seconds, 1e-3))
        points = tuple(Point(name, float(value), 0, now) for name, value in values.items())
        self._session.send(LogMetrics(key=key, points=points))
        snapshot, digest = "", _digest(path)
        self._session.send(LogParams(key=key, params={"output_digest": digest}))
        if not is_sent and path.is_relative_to(project.root):
            run = self._session.resolve(key)
            record = take_data(project, [path], message=f"scored by {told.model}", run=run)
            snapshot = record.snapshot
            self._session.send(SetTags(key=key, tags={Tags.OUTPUT_SNAPSHOT: snapshot}))
        return msgspec.structs.replace(told, run=self.id, snapshot=snapshot, output_digest=digest)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        opened = self._open()
        if self._session is None or opened is None:
            return
        is_stopped = isinstance(error, InterruptedRunError | KeyboardInterrupt)
        status = "FINISHED" if error is None else "KILLED" if is_stopped else "FAILED"
        failure = "" if error is None else " ".join(str(error).split())[:500]
        ended = EndRun(key=opened.key, ended_ms=time.time_ns() // 1_000_000, status=status, failure=failure)
        self._session.send(ended)
        if not self._call.has_session:
            self._session.close(_GOODBYE_SECONDS)

    def _uses(self) -> tuple[DatasetUse, ...]:
        project, inputs = self._call.project, self._plan.inputs
        if len(inputs) > MOST_FILES:
            digest = digest_bytes(canonical_json([each.digest for each in inputs]))
            size = sum(each.size for each in inputs)
            place = self._told.input
            return (DatasetUse(name=Path(place).name or place, path=place, digest=digest, size=size, context=KIND),)
        return tuple(
            DatasetUse(
                name=Path(each.path).name,
                path=each.path if "://" in each.path else project.relative(Path(each.path)),
                digest=each.digest,
                size=each.size,
                context=KIND,
            )
            for each in inputs
        )


def _digest(path: Path) -> str:
    """Of a folder: of its files' names and digests."""
    if path.is_dir():
        return digest_bytes(canonical_json({each.name: digest_file(each) for each in sorted(path.iterdir())}))
    return digest_file(path)
