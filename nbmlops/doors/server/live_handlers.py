"""`/changes` and `/rows`: what is new in a project, and of its list of runs."""

from __future__ import annotations

import tornado.web as web
from jupyter_server.auth.decorator import authorized

from nbmlops.doors.arguments import to_request
from nbmlops.doors.server.answer import Answer, answer
from nbmlops.doors.server.documents import Changes
from nbmlops.doors.server.handler import FOLDER, Handler, none_left, whole
from nbmlops.doors.server.place import name_of
from nbmlops.doors.server.rows import window
from nbmlops.doors.server.verb import many_of
from nbmlops.ops.call import Call
from nbmlops.ops.verbs import find_verb
from nbmlops.project import Project


class ChangesHandler(Handler):
    # A page that only watches does not keep an idle server from being culled.
    _track_activity = False

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        with self.refusing():
            values = self.query()
            folder = values.pop(FOLDER, "")
            since = whole(values, "since")
            none_left(values)
            name, project = await self.by_reader(lambda: self._project(folder))
            history = await self.services.live.lease(name, project)
            self.answer(Changes(folder=name, rev=history.rev, changed=history.since(since)))

    def _project(self, folder: str) -> tuple[str, Project]:
        where = self.place(folder)
        project = where.project()
        return name_of(project.root, where.root), project


class RowsHandler(Handler):
    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        with self.refusing():
            runs = find_verb("runs")
            values = self.query(many_of(runs))
            folder, known = values.pop(FOLDER, ""), values.pop("known", "")

            def work() -> Answer:
                where = self.place(folder)
                call = Call(where.folder)
                rev = self.services.live.rev(name_of(call.project.root, where.root))
                return answer(window(call, to_request(runs, values), self.services.shown, known, rev))

            self.answer(await self.by_reader(work))
