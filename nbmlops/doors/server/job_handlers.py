"""`/jobs`: start long work, look at it, interrupt it."""

from __future__ import annotations

from typing import Any

import msgspec
import tornado.web as web
from jupyter_server.auth.decorator import authorized

from nbmlops.doors.arguments import to_request
from nbmlops.doors.server.answer import answer
from nbmlops.doors.server.child import Order
from nbmlops.doors.server.documents import JobRequest, Jobs
from nbmlops.doors.server.handler import FOLDER, Handler, none_left, whole
from nbmlops.doors.server.place import Place
from nbmlops.doors.server.verb import verb_here
from nbmlops.errors import UsageError


class JobsHandler(Handler):
    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """All, or those of one project; of one folder, where there is no project."""
        with self.refusing():
            values = self.query()
            folder = values.pop(FOLDER, None)
            none_left(values)
            found = tuple(running.job for running in self.services.jobs.all())
            if folder is not None:
                wanted, project = await self.by_reader(lambda: _names(self.place(folder)))
                wanted = wanted if project is None else project
                found = tuple(job for job in found if (job.folder if job.project is None else job.project) == wanted)
            self.answer(Jobs(jobs=found))

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        with self.refusing():
            request = asked(self.body(), JobRequest)
            verb = verb_here(request.verb)

            def check() -> tuple[Place, str | None]:
                where = self.place(request.folder)
                to_request(verb, request.arguments)  # what is malformed is refused now, not by a process
                return where, where.project_name()

            where, project = await self.by_reader(check)
            order = Order(verb=verb.name, arguments=request.arguments)
            self.answer(self.services.jobs.add(order, where.folder, where.name, project), 202)


class JobHandler(Handler):
    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self, id: str) -> None:
        with self.refusing():
            values = self.query()
            since = whole(values, "since") or 0
            none_left(values)
            detail = self.services.jobs.detail(id, since)
            self.answer(await self.by_reader(lambda: answer(detail)))  # a result may be large

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def delete(self, id: str) -> None:
        with self.refusing():
            self.answer(self.services.jobs.cancel(id))


def asked(body: dict[str, Any], kind: Any) -> Any:
    """A body as a document. Raises UsageError."""
    body.pop("token", None)
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"The body is malformed: {str(error).replace('`', '')}.", kind="arguments-malformed") from None


def _names(where: Place) -> tuple[str, str | None]:
    return where.name, where.project_name()
