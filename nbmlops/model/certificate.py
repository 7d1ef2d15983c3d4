"""The outcome of comparing what a pipeline computed with what its notebook computed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from nbmlops.model.documents import Document


class Verdict(StrEnum):
    EQUIVALENT = "EQUIVALENT"
    DIVERGES = "DIVERGES"
    NOT_COMPARABLE = "NOT COMPARABLE"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    step: str
    """The step that gave the value last."""
    verdict: Verdict
    expected: str = ""
    """Summary of the notebook's value."""
    actual: str = ""
    """Summary of the pipeline's value."""
    difference: str = ""
    """The first difference, or why there is no comparison."""
    causes: tuple[str, ...] = ()
    """What makes the value come out otherwise at every run of the notebook, where that is why."""


class Certificate(Document, frozen=True, kw_only=True, tag="certificate"):
    VERSION: ClassVar[int] = 1

    pipeline: str
    """Identity of the pipeline."""
    notebook: str
    """Digest of the source notebook's code cells."""
    verdict: Verdict
    made: datetime
    tolerance: float
    """Largest relative difference at which two floating-point figures count as equal."""
    comparisons: tuple[Comparison, ...] = ()
    reason: str = ""
    parameters: dict[str, Any] = {}
