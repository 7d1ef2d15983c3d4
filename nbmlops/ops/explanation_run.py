"""An explanation in MLflow: a run of its own with figures, data and report; and what the newest one of a model says."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbmlops.errors import NbmlopsError, UnavailableError
from nbmlops.lib.digest import short
from nbmlops.model.attribution import Explanation
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.ops.call import Call
from nbmlops.track.lists import find_run, list_runs

if TYPE_CHECKING:
    from nbmlops.ops.evaluation_data import Source
    from nbmlops.ops.explain import Request

KIND = "explanation"
_REPORT, _DOCUMENT = "explanation.html", "explanation.json"
_EXPERIMENT = "explanations"
"""Of models whose run is not known here."""
_TRIED = 5
"""Runs, newest first, whose documents may be gone."""


def record(call: Call, found: Explanation, source: Source, request: Request) -> str:
    """The new run's id. Raises UnavailableError and ExternalError where MLflow does not take it."""
    from nbmlops.attribution.report import report
    from nbmlops.track.client import open_writer
    from nbmlops.track.messages import Point

    project = call.project
    writer = open_writer(project.prepare_tracking(), project.root)
    made_by = find_run(project.uri, found.model.run) if found.model.run else None
    name = found.model.name.rpartition("/")[2] if made_by is None else made_by.name
    run = writer.open_run(
        f"explain-{name}",
        made_by.experiment if made_by is not None else _EXPERIMENT,
        tags=_tags(found),
        params=_params(found, request),
    )
    try:
        now = time.time_ns() // 1_000_000
        figures = {"rows": float(found.rows), "columns": float(len(found.importances))}
        if found.score is not None:
            figures[found.metric] = found.score
        writer.log_metrics(run, [Point(key, value, 0, now) for key, value in figures.items()])
        data = DatasetUse(
            name=PurePosixPath(source.kept).name,
            path=source.kept,
            digest=source.digest,
            size=source.bytes,
            context="explanation",
        )
        writer.log_datasets(run, [data])
        writer.log_text(run, report(found), _REPORT)
        writer.log_text(run, msgspec.json.format(msgspec.json.encode(found), indent=1).decode(), _DOCUMENT)
    except BaseException as error:
        writer.end_run(run, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    writer.end_run(run)
    return run


def importances_of(call: Call, model: str) -> dict[str, float]:
    """Each column's share, from 0 to 1, by the newest explanation of a model; empty where there is none.

    `model`: as `explain` takes it, or MLflow's id of it, or a package's digest. Raises UnavailableError where MLflow
    does not answer.
    """
    from nbmlops.attribution.importance import shares

    found = newest_explanation(call, model)
    return shares(found.importances) if found is not None else {}


def newest_explanation(call: Call, model: str) -> Explanation | None:
    """None where there is none, or its document cannot be read."""
    uri = call.project.uri
    if (found := _newest(call, uri, Tags.EVALUATED_MODEL, model)) is not None:
        return found
    for tag, value in _identities(call, uri, model):
        if (found := _newest(call, uri, tag, value)) is not None:
            return found
    return None


def _newest(call: Call, uri: str, tag: str, value: str) -> Explanation | None:
    from nbmlops.track.run_files import read_text

    for run in list_runs(uri, tags={Tags.KIND: KIND, tag: value}, status="FINISHED", limit=_TRIED):
        text = read_text(uri, run.id, _DOCUMENT, artifacts=call.project.layout.artifacts)
        try:
            return msgspec.json.decode(text or "", type=Explanation)
        except msgspec.DecodeError:
            continue
    return None


def _identities(call: Call, uri: str, model: str) -> tuple[tuple[str, str], ...]:
    """What an explanation of the model is tagged with. Empty for what is no model."""
    from nbmlops.ops.deployed_package import package_here
    from nbmlops.ops.evaluated_model import made_by
    from nbmlops.track.model_address import locate

    try:
        if not model.startswith(("runs:/", "models:/")) and (packed := package_here(call, model)) is not None:
            _, package = packed
            run = made_by(package)
            by_run = ((Tags.EVALUATED_RUN, run),) if run else ()
            return (Tags.EVALUATED_MODEL, package.descriptor.digest), *by_run
        located = locate(uri, model)
    except UnavailableError:
        raise
    except NbmlopsError:
        return ()
    if located.model.id:
        return ((Tags.EVALUATED_MODEL, located.model.id),)
    return ((Tags.EVALUATED_RUN, located.run.id),)


def _tags(found: Explanation) -> dict[str, str]:
    tags = {
        Tags.KIND: KIND,
        Tags.EVALUATED_RUN: found.model.run,
        Tags.EVALUATED_MODEL: found.model.model or found.model.digest,
        Tags.ESTIMATOR: found.model.estimator,
    }
    return {name: value for name, value in tags.items() if value}


def _params(found: Explanation, request: Request) -> dict[str, str]:
    params = {
        "model": found.model.name,
        "data": found.data.place,
        "data_digest": short(found.data.digest),
        "target": found.data.target,
        "task": found.task,
        "metric": found.metric,
        "method": found.method,
        "of": found.of,
        "repeats": str(found.repeats),
        "confidence": f"{found.confidence:g}",
        "seed": str(request.seed),
    }
    return {name: value for name, value in params.items() if value}
