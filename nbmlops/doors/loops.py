"""Functions for loops in a notebook: `nbmlops.log_metric` and `nbmlops.log_metrics`.

A magic is parsed and shown each time; these are not. Where no notebook is tracked they say so once and do nothing, so
that the same code runs anywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from nbmlops.doors.magics import extension
from nbmlops.ops.metrics import log_points
from nbmlops.ops.session import Session

_log = logging.getLogger("nbmlops")
_has_complained = False


def log_metric(name: str, value: Any, step: int | None = None) -> None:
    """One metric value for the run of this cell, else the session's last run, else a new one; step 0 unless given.

    Raises UsageError for a name that MLflow would refuse and for a value that is not a number.
    """
    session = _session()
    if session is not None:
        log_points(session, {name: value}, step)


def log_metrics(values: Mapping[str, Any], step: int | None = None) -> None:
    """Several metrics at one step, as `log_metric` logs one."""
    session = _session()
    if session is not None and values:
        log_points(session, values, step)


def _session() -> Session | None:
    global _has_complained
    session = extension.session()
    if session is not None:
        return session if session.is_on else None
    if not _has_complained and not extension.is_rehearsal():
        _has_complained = True
        _log.warning("metrics are not recorded: no notebook is tracked here. Load the extension: %%load_ext nbmlops")
    return None
