"""What a plug-in has to be. Each Protocol has an entry-point group (plugins.py) and a suite in testing/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from nbmlops.model.pipeline import StepResult


class StepSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to execute one step anywhere: one notebook in, one executed notebook out."""

    step: str
    notebook: str
    """Absolute path of the step's notebook."""
    output: str
    """Absolute path of the executed notebook."""
    folder: str
    """Working directory: relative paths in the notebook mean what they meant in the source notebook."""
    kernel: str = "python3"
    parameters: dict[str, Any] = {}
    environment: dict[str, str] = {}
    """Variables added to those of the process."""
    is_tracked: bool = True


class StepProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a step began or ended."""

    step: str
    cell: int
    total: int
    preview: str = ""


class Engine(Protocol):
    """Where steps run. Returns when the step has ended; raises nothing for a step that fails."""

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None]) -> StepResult:
        """Execute a step. KeyboardInterrupt passes through after its processes have ended."""
        ...

    def describe(self) -> str:
        """A few words for people: where this runs."""
        ...
