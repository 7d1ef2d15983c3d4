"""Deployments shown in a notebook stay true while their cell's output is looked at: state, traffic, revisions.

The output is an ordinary one: a notebook that is closed and opened again shows what was seen last.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import msgspec

from nbmlops.doors.magics.display import Shown
from nbmlops.errors import NbmlopsError
from nbmlops.ops import deployments as deployments_verb
from nbmlops.ops.call import Call
from nbmlops.ops.deployment_view import DeploymentView

SECONDS = 30 * 60.0
"""Until it is followed no longer."""
_OFTEN, _SELDOM = 1.0, 5.0
_OFTEN_FOR = 60.0

_last = threading.Event()
"""Ends the thread that follows what was shown last."""


class Live(Shown):
    """A result that names deployments, in a notebook with a kernel. Only the one shown last is followed."""

    def __init__(self, result: Any, call: Call) -> None:
        super().__init__(result)
        self._call = call

    def _ipython_display_(self) -> None:
        from IPython.display import display

        global _last
        _last.set()
        shown = display(self._repr_mimebundle_(), raw=True, display_id=True)
        if shown is None or not self.result.deployments:  # type: ignore[union-attr]
            return
        _last = threading.Event()
        threading.Thread(target=self._follow, args=(shown, _last), name="nbmlops-live", daemon=True).start()

    def _follow(self, shown: Any, ended: threading.Event) -> None:
        before, begun = self._repr_mimebundle_(), time.monotonic()
        while (passed := time.monotonic() - begun) < SECONDS:
            if ended.wait(_OFTEN if passed < _OFTEN_FOR else _SELDOM):
                return
            with contextlib.suppress(NbmlopsError):
                self.result = msgspec.structs.replace(self.result, deployments=self._seen())  # type: ignore[type-var]
            now = self._repr_mimebundle_()
            if now != before and not ended.is_set():
                shown.update(now, raw=True)
                before = now

    def _seen(self) -> tuple[DeploymentView, ...]:
        """Those that were shown; one that is gone since stays as it was seen last."""
        now = {each.name: each for each in deployments_verb.deployments(self._call, _ALL).deployments}
        shown: tuple[DeploymentView, ...] = self.result.deployments  # type: ignore[union-attr]
        return tuple(now.get(each.name, each) for each in shown)


_ALL = deployments_verb.Request()
