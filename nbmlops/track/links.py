"""Every MLflow run gets our links, also one made by a plain `mlflow.start_run()` or by autologging.

MLflow finds this class through the entry point group `mlflow.run_context_provider`.
"""

from __future__ import annotations

import logging

from mlflow.tracking.context.abstract_context import RunContextProvider

from nbmlops.track.context import current_tags

_log = logging.getLogger("nbmlops")


class NotebookContext(RunContextProvider):  # type: ignore[misc]
    """Which notebook, cell, session and commit a run belongs to."""

    def __init__(self) -> None:
        self._complained = False

    def in_context(self) -> bool:
        return bool(self.tags())

    def tags(self) -> dict[str, str]:
        try:
            return current_tags()
        except Exception as error:  # noqa: BLE001 - the user's start_run() must work whatever we find
            if not self._complained:
                self._complained = True
                _log.warning("MLflow runs get no nbmlops tags: %s", error)
            return {}
