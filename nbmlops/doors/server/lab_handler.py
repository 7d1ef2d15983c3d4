"""`/nbmlops/lab/...`: on to JupyterLab's own page, with the sidebar in front. `nbmlops lab` gives this address."""

from __future__ import annotations

from urllib.parse import quote

import tornado.web as web
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler

from nbmlops.ops.lab import SHOWN


class LabHandler(JupyterHandler):  # type: ignore[misc]
    """Jupyter puts `?token=` behind the address that it opens; one with a query of its own would lose it."""

    auth_resource = "nbmlops"

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self, notebook: str) -> None:
        page = f"lab/tree/{quote(notebook)}" if notebook else "lab"
        self.redirect(f"{self.base_url}{page}?{SHOWN}")
