"""The Jupyter server half: the verbs as REST under `<base_url>nbmlops/api/`."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp

from nbmlops.doors.render.help import offered
from nbmlops.doors.server.handlers import TableHandler, VerbHandler


class NbmlopsApp(ExtensionApp):  # type: ignore[misc]
    name = "nbmlops"
    load_other_extensions = True

    def initialize_handlers(self) -> None:
        verbs = "|".join(verb.name for verb in offered(magics=False) if not verb.is_terminal)
        self.handlers.extend([(r"/nbmlops/api/?", TableHandler), (rf"/nbmlops/api/(?P<name>{verbs})", VerbHandler)])
