"""IPython's cell events -> a listener. A hook may fail; it never does so into the user's cell."""

from __future__ import annotations

import logging
from typing import Any, Protocol

logger = logging.getLogger("nbmlops")


class Listener(Protocol):
    def before_cell(self, source: str, plain: str, cell_id: str | None) -> None: ...

    def after_cell(self, error: BaseException | None, count: int | None) -> None: ...


class CellHooks:
    """Registers with a shell's `pre_run_cell` and `post_run_cell`; `remove` undoes it."""

    def __init__(self, shell: Any, listener: Listener) -> None:
        self.shell = shell
        self.listener = listener
        self.is_broken = False
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)

    def remove(self) -> None:
        self.shell.events.unregister("pre_run_cell", self._before)
        self.shell.events.unregister("post_run_cell", self._after)

    def adopt_running_cell(self) -> None:
        """Begin the cell that is running now: the one that loads the extension belongs to what was executed, too.

        Known only where a kernel can say what it was asked to run.
        """
        try:
            request = self.shell.kernel.get_parent("shell")
            code = request["content"]["code"]
            if request["content"].get("silent") or not isinstance(code, str):
                return
            metadata = request.get("metadata") or {}
            self.listener.before_cell(code, self.shell.transform_cell(code), metadata.get("cellId"))
        except (AttributeError, LookupError, TypeError, SyntaxError):
            return

    def _before(self, info: Any) -> None:
        try:
            plain = getattr(info, "transformed_cell", None) or info.raw_cell
            self.listener.before_cell(info.raw_cell, plain, getattr(info, "cell_id", None))
        except Exception:  # noqa: BLE001 - anything of ours that fails must not fail the user's cell
            self._log_once()

    def _after(self, result: Any) -> None:
        try:
            error = result.error_before_exec or result.error_in_exec
            self.listener.after_cell(error, result.execution_count)
        except Exception:  # noqa: BLE001 - as above
            self._log_once()

    def _log_once(self) -> None:
        if not self.is_broken:
            self.is_broken = True
            logger.warning("nbmlops could not record a cell; `%mlops doctor` shows what is wrong", exc_info=True)
