"""`/cells`: what each cell of a notebook is, also of one as the editor holds it, saved or not."""

from __future__ import annotations

import os
from pathlib import Path

import tornado.web as web
from jupyter_server.auth.decorator import authorized

from nbmlops.doors.server.answer import Answer, answer
from nbmlops.doors.server.documents import EditorCells
from nbmlops.doors.server.job_handlers import asked
from nbmlops.doors.server.place import Place
from nbmlops.doors.server.verb import VerbHandler, verb_here
from nbmlops.errors import NotFoundError
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.ops.call import Call
from nbmlops.ops.cells import cells_of


class CellsHandler(VerbHandler):
    """The verb `cells`; a body that brings the cells along is asked about those."""

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        await self.act_on_query("cells")

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        with self.refusing():
            body = self.body()
            if "cells" not in body:
                await self.act(verb_here("cells"), body)
                return
            held: EditorCells = asked(body, EditorCells)

            def work() -> Answer:
                where = self.place(held.folder)
                return answer(cells_of(Call(where.folder), _notebook(held, where)))

            self.answer(await self.by_reader(work))


def _notebook(held: EditorCells, where: Place) -> Notebook:
    """Raises NotFoundError for a path that leads out of the server's root."""
    path = Path(os.path.normpath(where.folder / held.notebook.lstrip("/")))
    if not path.is_relative_to(where.root):
        raise NotFoundError(f"There is no notebook {held.notebook!r}.", kind="notebook-missing")
    cells = tuple(
        NotebookCell(
            index=index, id=cell.id, kind=CellKind(cell.kind), source=cell.source, tags=cell.tags, count=cell.count
        )
        for index, cell in enumerate(held.cells)
    )
    return Notebook(path=str(path), cells=cells, kernel=held.kernel, language=held.language)
