"""Metrics of a loop: `nbmlops.log_metric("loss", loss, step)`. Some microseconds each, for ten thousand of them.

A point is one line in the session's journal; the scribe writes batches of them to MLflow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from nbmlops.errors import UsageError
from nbmlops.model.names import metric_name_problem
from nbmlops.ops.session import OpenedRun, Session
from nbmlops.track.messages import LogMetrics, Point


def log_points(
    session: Session, values: Mapping[str, Any], step: int | None = None, time_ms: int | None = None
) -> OpenedRun:
    """Send the values to the run that is open, else the session's last, else a new one; returns that run.

    `step` is 0 when it is not given, and `time_ms` (milliseconds since 1970) now. Raises UsageError for a name that
    MLflow would refuse and for a value that is not a number, and then sends nothing.
    """
    if time_ms is None:
        time_ms = time.time_ns() // 1_000_000
    number = _step(step)
    points = tuple(Point(_name(name), _value(name, value), number, time_ms) for name, value in values.items())
    run = session.run_for_logging()
    session.send(LogMetrics(key=run.key, points=points))
    session.touch(run.key)
    return run


def _name(name: object) -> str:
    problem = metric_name_problem(name) if isinstance(name, str) else "is not text"
    if problem:
        raise UsageError(
            f"Metric name {name!r} {problem}.", kind="metric-name", hint='For example: nbmlops.log_metric("loss", 0.25)'
        )
    return str(name)


def _value(name: str, value: Any) -> float | str:
    """A number as JSON can carry it. Arrays and tensors of one element are numbers too."""
    try:
        found = float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor of several elements
        shown = repr(value)
        raise UsageError(
            f"Metric {name} is {shown if len(shown) < 60 else type(value).__name__}, not one number.",
            kind="metric-value",
            hint="Log text as a parameter: %mlops log NAME=VALUE",
        ) from None
    return found if math.isfinite(found) else str(found)


def _step(step: Any) -> int:
    try:
        number = int(step or 0)
    except (TypeError, ValueError):
        number = 1 << 63
    if not -(1 << 63) <= number < 1 << 63:
        raise UsageError(f"Step {step!r} is not a 64-bit integer.", kind="metric-step", hint="Count steps from 0.")
    return number
