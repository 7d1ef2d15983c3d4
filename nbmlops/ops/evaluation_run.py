"""An evaluation in MLflow: a run of its own with figures, data and report; the figures with the model, too."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

import msgspec

from nbmlops.evaluate.report import report
from nbmlops.lib.digest import short
from nbmlops.model.evaluation import Evaluation
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.ops.call import Call
from nbmlops.ops.evaluate import Request
from nbmlops.ops.evaluation_data import Source
from nbmlops.track.client import open_writer
from nbmlops.track.lists import find_run
from nbmlops.track.messages import Point

KIND = "evaluate"
_REPORT, _DOCUMENT = "evaluation.html", "evaluation.json"
_EXPERIMENT = "evaluations"
"""Of models whose run is not known here."""


def record(call: Call, found: Evaluation, source: Source, request: Request) -> str:
    """The new run's id. Raises UnavailableError and ExternalError where MLflow does not take it."""
    project = call.project
    writer = open_writer(project.prepare_tracking(), project.root)
    made_by = find_run(project.uri, found.model.run) if found.model.run else None
    name = found.model.name.rpartition("/")[2] if made_by is None else made_by.name
    run = writer.open_run(
        f"evaluate-{name}",
        made_by.experiment if made_by is not None else _EXPERIMENT,
        tags=_tags(found),
        params=_params(found, request),
    )
    try:
        now = time.time_ns() // 1_000_000
        figures = {each.name: each.value for each in found.metrics if each.value is not None}
        points = [Point(key, value, 0, now) for key, value in (figures | _further(found)).items()]
        writer.log_metrics(run, points)
        data = DatasetUse(
            name=PurePosixPath(source.kept).name,
            path=source.kept,
            digest=source.digest,
            size=source.bytes,
            context="evaluation",
        )
        writer.log_datasets(run, [data])
        if found.model.model:
            writer.log_evaluation(run, found.model.model, figures, data)
        writer.log_text(run, report(found), _REPORT)
        writer.log_text(run, msgspec.json.format(msgspec.json.encode(found), indent=1).decode(), _DOCUMENT)
    except BaseException as error:
        writer.end_run(run, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    writer.end_run(run)
    return run


def _tags(found: Evaluation) -> dict[str, str]:
    tags = {
        Tags.KIND: KIND,
        Tags.EVALUATED_RUN: found.model.run,
        Tags.EVALUATED_MODEL: found.model.model or found.model.digest,
        Tags.ESTIMATOR: found.model.estimator,
        Tags.GATE: "" if found.passed is None else "passed" if found.passed else "failed",
    }
    return {name: value for name, value in tags.items() if value}


def _params(found: Evaluation, request: Request) -> dict[str, str]:
    params = {
        "model": found.model.name,
        "against": found.against.name if found.against is not None else "",
        "data": found.data.place,
        "data_digest": short(found.data.digest),
        "target": found.data.target,
        "task": found.task,
        "confidence": f"{found.confidence:g}",
        "seed": str(request.seed),
        "gate": request.gate,
    }
    return {name: value for name, value in params.items() if value}


def _further(found: Evaluation) -> dict[str, float]:
    values: dict[str, float | None] = {}
    for each in found.metrics:
        values |= {
            f"{each.name}_low": each.low,
            f"{each.name}_high": each.high,
            f"{each.name}_difference": each.difference,
            f"{each.name}_difference_low": each.difference_low,
            f"{each.name}_difference_high": each.difference_high,
        }
    values |= {
        "rows": float(found.data.rows),
        "latency_ms_per_1000": found.model.milliseconds,
        "size_mb": found.model.bytes / 1e6,
    }
    return {name: value for name, value in values.items() if value is not None}
