"""The same lists from a tracking server, through MlflowClient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.track.client import connect
from nbmlops.track.lists_sqlite import ACTIVE, DELETED, dataset_view
from nbmlops.track.trouble import asking

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

PER_PAGE = 1000
_VIEWS = {ACTIVE: 1, DELETED: 2}
"""Of `mlflow.entities.ViewType`, whose import would take seconds of those who may ask nothing."""
_NAMES = 1000


def asking_server(question: Callable[Concatenate[str, Asked], Answer]) -> Callable[Concatenate[str, Asked], Answer]:
    @functools.wraps(question)
    def ask(uri: str, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        with asking(uri):
            return question(uri, *args, **kwargs)

    return ask


@asking_server
def runs_by_id(uri: str, ids: Sequence[str]) -> tuple[RunView, ...]:
    client = connect(uri)
    experiments = experiments_of(client, None)
    found = (client.get_run(identity) for identity in ids)
    return tuple(view_of(run, experiments) for run in found if run.info.lifecycle_stage == "active")


@asking_server
def matching(uri: str, ref: str, stage: str = ACTIVE) -> tuple[RunView, ...]:
    """The run of that id; else those whose id begins so; else the newest of that name."""
    from mlflow.exceptions import MlflowException

    client = connect(uri)
    experiments = experiments_of(client, None)
    if len(ref) == 32:
        try:
            run = client.get_run(ref)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
        else:
            return (view_of(run, experiments),) if run.info.lifecycle_stage == stage else ()
    if not experiments:
        return ()
    named = client.search_runs(
        list(experiments),
        f"attributes.run_name = '{quoted(ref)}'",
        _VIEWS[stage],
        1,
        ["start_time DESC"],
    )
    if named:
        return (view_of(named[0], experiments),)
    # A server cannot search by the beginning of an id: the newest runs are looked through.
    newest = client.search_runs(list(experiments), "", _VIEWS[stage], PER_PAGE, ["start_time DESC"])
    return tuple(view_of(run, experiments) for run in newest if len(ref) >= 4 and run.info.run_id.startswith(ref))


@asking_server
def names(uri: str, stage: str = ACTIVE) -> tuple[str, ...]:
    client = connect(uri)
    experiments = experiments_of(client, None)
    if not experiments:
        return ()
    found = client.search_runs(list(experiments), "", _VIEWS[stage], _NAMES, ["start_time DESC"])
    return tuple({run.info.run_name or "" for run in found})


@asking_server
def children(uri: str, run_id: str, stage: str = ACTIVE) -> tuple[RunView, ...]:
    client = connect(uri)
    experiments = experiments_of(client, None)
    found: list[RunView] = []
    page = None
    while experiments:
        answer = client.search_runs(
            list(experiments),
            f"tags.`{Tags.MLFLOW_PARENT}` = '{quoted(run_id)}'",
            _VIEWS[stage],
            PER_PAGE,
            ["start_time ASC"],
            page,
        )
        found += [view_of(run, experiments) for run in answer]
        page = answer.token
        if not page:
            break
    return tuple(found)


@asking_server
def datasets(uri: str, run_id: str) -> tuple[DatasetUse, ...]:
    inputs = connect(uri).get_run(run_id).inputs
    found = []
    for use in inputs.dataset_inputs if inputs else ():
        context = {tag.key: tag.value for tag in use.tags}.get("mlflow.data.context")
        data = use.dataset
        found.append(dataset_view(data.name, data.digest, data.source, data.profile, context))
    return tuple(sorted(found, key=lambda use: (use.name, use.digest)))


@asking_server
def models(uri: str, run_id: str) -> tuple[ModelView, ...]:
    client = connect(uri)
    run = client.get_run(run_id)
    found = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{quoted(run_id)}'")
    return tuple(model_view(model) for model in found)


@asking_server
def newest_version(uri: str, name: str) -> tuple[str, datetime | None]:
    from mlflow import MlflowClient

    client = MlflowClient(uri, registry_uri=uri)
    found = max(
        client.search_model_versions(f"name='{quoted(name)}'"), key=lambda each: int(each.version), default=None
    )
    return (str(found.version), _time(found.creation_timestamp)) if found is not None else ("", None)


@asking_server
def version_made_of(uri: str, name: str, run: str, sources: Sequence[str]) -> str | None:
    from mlflow import MlflowClient

    client = MlflowClient(uri, registry_uri=uri)
    page = None
    while True:
        found = client.search_model_versions(f"run_id='{quoted(run)}'", page_token=page)
        for version in found:
            if version.name == name and version.source in sources:
                return str(version.version)
        page = found.token
        if not page:
            return None


@asking_server
def model_version(uri: str, name: str, *, alias: str | None, version: str | None) -> str | None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(uri, registry_uri=uri)
    try:
        if alias is not None:
            return str(client.get_model_version_by_alias(name, alias).version)
        if version is not None and version.isdigit():
            return str(client.get_model_version(name, version).version)
        stage = str(version).lower()
        found = [
            int(each.version)
            for each in client.search_model_versions(f"name='{quoted(name)}'")
            if stage in ("latest", str(each.current_stage).lower())
        ]
    except MlflowException:
        return None
    return str(max(found)) if found else None


def experiments_of(client: Any, name: str | None) -> dict[str, str]:
    """Names by id."""
    if name is not None:
        found = client.get_experiment_by_name(name)
        return {found.experiment_id: found.name} if found is not None else {}
    from mlflow.entities import ViewType

    return {each.experiment_id: each.name for each in client.search_experiments(view_type=ViewType.ALL)}


def model_view(model: Any) -> ModelView:
    """Of a logged model; its run is empty where it was logged outside of any."""
    return ModelView(
        id=model.model_id,
        name=model.name,
        status=str(model.status),
        location=model.artifact_location,
        run=model.source_run_id or "",
        created=_time(model.creation_timestamp),
        tags=dict(model.tags),
    )


def view_of(run: Any, experiments: dict[str, str]) -> RunView:
    tags = dict(run.data.tags)
    return RunView(
        id=run.info.run_id,
        name=run.info.run_name or "",
        status=run.info.status,
        experiment=experiments.get(run.info.experiment_id, run.info.experiment_id),
        started=_time(run.info.start_time),
        ended=_time(run.info.end_time),
        parent=tags.get(Tags.MLFLOW_PARENT),
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags=tags,
    )


def _time(milliseconds: int | None) -> datetime | None:
    return None if not milliseconds else datetime.fromtimestamp(milliseconds / 1000, UTC)


def quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
