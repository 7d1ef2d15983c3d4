"""What has turned out to be true, told later: `POST /labels`.

    {"labels": [{"request": "5f0c-17", "label": 2}, {"request": "5f0c-18", "row": 3, "label": "beer"}]}

Kept beside the requests as they come, in files of their own: whoever reads them joins them by the request's id and the
row, and takes the last one told.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbmlops.errors import ExternalError
from nbmlops.serve.body import read_body
from nbmlops.serve.replies import decoded, failing_as, json_reply
from nbmlops.serve.request_log.label import PATH, Label, Labels, check
from nbmlops.serve.request_log.segment import GROWING, Segment, is_written, whole

SCHEMA = pa.schema(
    [
        ("request_id", pa.string()),
        ("row", pa.int32()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("number", pa.float64()),
        ("text", pa.string()),
    ]
)
"""`number` for labels that are numbers or truth values, `text` for others."""
_MOST_BYTES = 16 << 20
_SECONDS = 60.0


class LabelLog:
    """Of one process. Labels are on the disk when their request is answered."""

    def __init__(self, folder: Path, process: str) -> None:
        self._folder = folder
        self._process = process
        self._segment: Segment | None = None
        self._count = 0
        self._lock = asyncio.Lock()
        for path in sorted(folder.glob(f"labels-*{GROWING}")):
            if not is_written(path):
                whole(path)

    async def keep(self, labels: list[Label]) -> None:
        """Raises ExternalError where they cannot be written."""
        table = pa.table(
            {
                "request_id": [each.request for each in labels],
                "row": pa.array([each.row for each in labels], pa.int32()),
                "time": pa.array([datetime.now(UTC)] * len(labels), pa.timestamp("us", tz="UTC")),
                "number": pa.array([_number(each.label) for each in labels], pa.float64()),
                "text": pa.array([each.label if isinstance(each.label, str) else None for each in labels], pa.string()),
            },
            schema=SCHEMA,
        )
        async with self._lock:
            try:
                await asyncio.to_thread(self._write, table)
            except OSError as error:
                raise ExternalError(
                    f"The labels cannot be kept: {error.strerror or error}.", kind="labels-unwritten"
                ) from error

    def close(self) -> None:
        if self._segment is not None:
            self._segment.close()

    def _write(self, table: pa.Table) -> None:
        if self._segment is None or self._segment.bytes > _MOST_BYTES:
            self.close()
            self._count += 1
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
            self._segment = None
            self._segment = Segment(self._folder / f"labels-{stamp}-{self._process}-{self._count:04d}{GROWING}", SCHEMA)
        self._segment.write(table)


def routes(log: LabelLog) -> list[Route]:
    answers = failing_as(lambda message, kind: {"error": message})

    @answers
    async def labels(request: Request) -> Response:
        asked: Labels = decoded(await read_body(request, _SECONDS), Labels)
        check(asked.labels)
        if asked.labels:
            await log.keep(asked.labels)
        return json_reply({"kept": len(asked.labels)})

    return [Route(PATH, labels, methods=["POST"])]


def _number(label: bool | int | float | str) -> float | None:
    return None if isinstance(label, str) else float(label)
