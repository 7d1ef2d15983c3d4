"""`log`: parameters and metrics for the run of this cell.

A number is a metric, anything else a parameter. Without an open run, one is made of the notebook's session.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from nbmlops.errors import UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.metrics import log_points
from nbmlops.track.messages import LogParams


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    values: Annotated[
        tuple[str, ...],
        positional("What to log: numbers become metrics, the rest parameters.", metavar="NAME=VALUE"),
    ]
    step: Annotated[int, option("Step of the metrics, for curves.", metavar="N")] = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: str
    metrics: dict[str, float | str]
    params: dict[str, str]


def log(call: Call, request: Request) -> Result:
    """Raises UsageError for what is not NAME=VALUE."""
    metrics: dict[str, float] = {}
    params: dict[str, str] = {}
    for text in request.values:
        name, equals, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name:
            raise UsageError(
                f"{text!r} is not NAME=VALUE.", kind="log-malformed", hint="For example: %mlops log accuracy={acc}"
            )
        number = _number(value)
        if number is None:
            params[name] = value
        else:
            metrics[name] = number
    if not metrics and not params:
        raise UsageError("There is nothing to log.", kind="log-malformed", hint="For example: log accuracy=0.93")
    session = call.session
    run = log_points(session, metrics, request.step) if metrics else session.run_for_logging()
    if params:
        session.send(LogParams(key=run.key, params=params, explicit=True))
    session.touch(run.key)
    return Result(run=run.name, metrics={name: _json_number(value) for name, value in metrics.items()}, params=params)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _json_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
