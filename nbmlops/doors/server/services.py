"""What the handlers share, one of each per server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nbmlops.doors.server.documents import Changed, Kind
from nbmlops.doors.server.jobs import JobBoard, Running
from nbmlops.doors.server.live import Live
from nbmlops.doors.server.rows import Shown
from nbmlops.ops.verbs import PACKAGE, find_verb

_READERS = 4
_WRITERS = 4


class Services:
    """Threads of our own: slow reads wait for each other, and Jupyter's own work for none of them."""

    def __init__(self, *, jobs_at_once: int, emit: Callable[[Changed], None]) -> None:
        self.readers = ThreadPoolExecutor(_READERS, thread_name_prefix="nbmlops-read")
        self.writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="nbmlops-write")
        self.live = Live(emit)
        self.jobs = JobBoard(at_once=jobs_at_once, on_change=self._tell)
        self.shown = Shown()

    async def stop(self) -> None:
        await self.jobs.stop()
        await self.live.stop()
        for pool in (self.readers, self.writers):
            pool.shutdown(wait=False, cancel_futures=True)

    def _tell(self, running: Running) -> None:
        job = running.job
        folder = job.folder if job.project is None else job.project
        self.live.note(folder, Kind.JOBS)
        if running.has_ended and find_verb(job.verb).group == PACKAGE:
            self.live.note(folder, Kind.PACKAGES)  # where there is no project, nothing is watched
