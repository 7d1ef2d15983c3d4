"""What a tick and the process that trains for it tell each other."""

from __future__ import annotations

from typing import Any

import msgspec


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    pipeline: str
    """Its folder, in the project."""
    name: str
    """Of the run: by it the run is found again."""
    model: str
    """What its model is registered as."""
    engine: str = ""
    parameters: dict[str, Any] = {}
    timeout: float = 0.0
    """Seconds that an engine that takes whole pipelines may take; of others, whoever started this process says so."""


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    note: str = ""
    run: str = ""
    version: str = ""
    error: str = ""
    kind: str = ""
    hint: str = ""
