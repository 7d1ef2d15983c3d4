"""`/cells`: what each cell of a notebook is, as the editor holds it now."""

from __future__ import annotations

import tornado.web as web
from jupyter_server.auth.decorator import authorized

from nbmlops.doors.server.answer import Answer, answer
from nbmlops.doors.server.documents import EditorCells
from nbmlops.doors.server.handler import Handler
from nbmlops.doors.server.job_handlers import asked
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.ops.call import Call
from nbmlops.ops.cells import cells_of


class CellsHandler(Handler):
    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        with self.refusing():
            body: EditorCells = asked(self.body(), EditorCells)

            def work() -> Answer:
                call = Call(self.place(body.folder).folder)
                return answer(cells_of(call, _notebook(body, str(call.path(body.notebook)))))

            self.answer(await self.by_reader(work))


def _notebook(body: EditorCells, path: str) -> Notebook:
    cells = tuple(
        NotebookCell(
            index=index, id=cell.id, kind=CellKind(cell.kind), source=cell.source, tags=cell.tags, count=cell.count
        )
        for index, cell in enumerate(body.cells)
    )
    return Notebook(path=path, cells=cells, kernel=body.kernel, language=body.language)
