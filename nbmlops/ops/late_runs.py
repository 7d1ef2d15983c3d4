"""A run that is asked for right after its notebook was closed: the scribe may still be writing it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.ops.call import Call

LONGEST_WAIT = 15.0
"""Seconds. The scribe is niced: on a busy machine it needs some to load MLflow."""
_YOUNG = 60.0
"""Seconds since the last message. What is older waits for something else: a server that is away."""

_MAY_COME = frozenset({"run-not-found", "model-missing", "data-missing"})
"""What is told where a name may be that of a run."""


def waiting_for_late_runs(operation: Callable[[Call, Any], msgspec.Struct]) -> Callable[[Call, Any], msgspec.Struct]:
    """`operation`, which looks again for a run that it did not find, once what closed notebooks left is written."""

    @functools.wraps(operation)
    def patient(call: Call, request: Any) -> msgspec.Struct:
        try:
            return operation(call, request)
        except NotFoundError as error:
            if error.kind not in _MAY_COME or not written(call):
                raise
        return operation(call, request)

    return patient


def written(call: Call) -> bool:
    """Wait for the scribes of notebooks that were closed just now. Whether one has come to its end meanwhile."""
    from nbmlops.track.journal import Journal
    from nbmlops.track.spool import pending

    try:
        spool = call.project.layout.spool
    except NotFoundError:  # a verb that needs no project, such as import
        return False
    late = {each for each in pending(spool) if _is_young(Journal(spool, each).path)}
    until = time.monotonic() + LONGEST_WAIT
    left = late
    while left and time.monotonic() < until:
        time.sleep(0.05)
        left = {each for each in left if Journal(spool, each).path.exists()}
    return left != late


def _is_young(journal: Path) -> bool:
    try:
        return time.time() - journal.stat().st_mtime < _YOUNG
    except FileNotFoundError:
        return True
