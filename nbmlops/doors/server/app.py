"""The Jupyter server half: verbs, jobs and changes as REST under `<base_url>nbmlops/api/`."""

from __future__ import annotations

from functools import partial

from jupyter_server.extension.application import ExtensionApp
from traitlets import Int

from nbmlops.doors.server import events
from nbmlops.doors.server.cells_handler import CellsHandler
from nbmlops.doors.server.handler import SETTING
from nbmlops.doors.server.job_handlers import JobHandler, JobsHandler
from nbmlops.doors.server.lab_handler import LabHandler
from nbmlops.doors.server.live_handlers import ChangesHandler, RowsHandler
from nbmlops.doors.server.services import Services
from nbmlops.doors.server.verb import TableHandler, VerbHandler


class NbmlopsApp(ExtensionApp):  # type: ignore[misc]
    name = "nbmlops"
    load_other_extensions = True
    jobs_at_once = Int(4, min=1, config=True, help="Jobs that run at once; others wait for their turn.")
    services: Services | None = None

    def initialize_settings(self) -> None:
        events.register(self.serverapp.event_logger)
        emit = partial(events.emit, self.serverapp.event_logger)
        self.services = Services(jobs_at_once=self.jobs_at_once, emit=emit)
        self.settings[SETTING] = self.services

    def initialize_handlers(self) -> None:
        base = r"/nbmlops/api"
        self.handlers.extend(
            [
                (rf"{base}/?", TableHandler),
                (rf"{base}/jobs", JobsHandler),
                (rf"{base}/jobs/(?P<id>[^/]+)", JobHandler),
                (rf"{base}/changes", ChangesHandler),
                (rf"{base}/rows", RowsHandler),
                (rf"{base}/cells", CellsHandler),
                (rf"{base}/(?P<name>[^/]+)", VerbHandler),
                (r"/nbmlops/lab/?(?P<notebook>.*)", LabHandler),
            ]
        )

    def current_activity(self) -> dict[str, int] | None:
        """A server that stops when nothing happens goes on while a job does."""
        active = self.services.jobs.active if self.services is not None else 0
        return {"jobs": active} if active else None

    async def stop_extension(self) -> None:
        if self.services is not None:
            await self.services.stop()
