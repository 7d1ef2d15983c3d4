"""The Jupyter server half: the verbs as REST under `<base_url>nbmlops/api/`."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp

from nbmlops.doors.server.handlers import TableHandler, VerbHandler


class NbmlopsApp(ExtensionApp):  # type: ignore[misc]
    name = "nbmlops"
    load_other_extensions = True

    def initialize_handlers(self) -> None:
        self.handlers.extend([(r"/nbmlops/api/?", TableHandler), (r"/nbmlops/api/(?P<name>[^/]+)", VerbHandler)])
