"""`train` of the real world: a child runs the pipeline, so that it can be stopped and its time be measured."""

from __future__ import annotations

import resource
from typing import Any

import msgspec

from nbmlops.errors import ExternalError, UsageError
from nbmlops.lib.child import python_module, run_child
from nbmlops.lib.durations import lasting
from nbmlops.lib.stop import Stop, timing
from nbmlops.model.reconciler import Attempt, Reconciler
from nbmlops.ops.call import Call
from nbmlops.ops.plugin import is_orchestrated
from nbmlops.ops.reconciling.messages import Said, Wanted
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.parameters import defaults
from nbmlops.reconcile.world import Told, Trained


def train(call: Call, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
    """Raises ExternalError for a pipeline that fails or takes longer than it may, NotFoundError for one that logs no
    model. Nothing is done twice: a run that has ended well is taken as it is, and so is the version of its model.
    """
    wanted = Wanted(
        pipeline=spec.pipeline,
        name=run_name(spec, attempt),
        model=spec.model,
        engine=spec.engine,
        parameters=_typed(call, spec, attempt),
        timeout=spec.timeout,
    )
    said: list[Said] = []

    def on_line(line: bytes) -> None:
        one = msgspec.json.decode(line, type=Said)
        if one.note:
            told(one.note)
        else:
            said.append(one)

    before = _cpu()
    command = [*python_module("nbmlops.ops.reconciling.training"), msgspec.json.encode(wanted).decode()]
    # Where others execute it, the child is not what takes the time: it has to be there to end it.
    with timing(Stop(), 0.0 if is_orchestrated(call.project.settings, spec.engine) else spec.timeout) as timed:
        ended = run_child(command, on_line, folder=call.project.root, stop=timed.stop)
    if timed.is_over:
        raise ExternalError(
            f"Pipeline {spec.pipeline} took more than {lasting(spec.timeout)}.",
            kind="pipeline-slow",
            hint="Raise timeout.",
        )
    if not said:
        raise ExternalError(ended.death(f"Pipeline {spec.pipeline}"), kind="pipeline-died", hint="Look at its log.")
    if said[-1].error:
        raise ExternalError(said[-1].error, kind=said[-1].kind or "pipeline-failed", hint=said[-1].hint)
    return Trained(run=said[-1].run, version=said[-1].version, cpu_seconds=_cpu() - before)


def run_name(spec: Reconciler, attempt: Attempt) -> str:
    """By it a run is found again after a crash."""
    return f"{spec.name}-{attempt.key[:12]}"


def _typed(call: Call, spec: Reconciler, attempt: Attempt) -> dict[str, Any]:
    """What needs give are texts: they become what the pipeline's own values are."""
    known = defaults(read_pipeline(call.project.root / spec.pipeline))
    unknown = sorted(set(attempt.parameters) - set(known))
    if unknown:
        raise UsageError(
            f"Pipeline {spec.pipeline} has no parameter {unknown[0]}.",
            kind="parameter-unknown",
            hint=f"It has {', '.join(known) or 'none'}; {spec.path} names it.",
        )
    return {name: _like(known[name], value) for name, value in attempt.parameters.items()}


def _like(default: Any, value: Any) -> Any:
    if not isinstance(value, str) or isinstance(default, str) or default is None:
        return value
    try:
        found = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value
    return float(found) if isinstance(default, float) and isinstance(found, int) else found


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
