"""The same lists from a tracking server, through MlflowClient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from mlflow.entities import ViewType

from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.track.client import connect
from nbmlops.track.lists_sqlite import Query, dataset_view
from nbmlops.track.trouble import asking

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

_ORDERS = {"started": "attributes.start_time", "name": "attributes.run_name", "status": "attributes.status"}
_PER_PAGE = 1000
_NAMES = 1000


def _asking(question: Callable[Concatenate[str, Asked], Answer]) -> Callable[Concatenate[str, Asked], Answer]:
    @functools.wraps(question)
    def ask(uri: str, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        with asking(uri):
            return question(uri, *args, **kwargs)

    return ask


@_asking
def runs(uri: str, query: Query) -> tuple[RunView, ...]:
    client = connect(uri)
    experiments = _experiments(client, query.experiment)
    where = [f"tags.`{key}` = '{_quoted(value)}'" for key, value in query.tags.items()]
    where += [f"params.`{key}` = '{_quoted(value)}'" for key, value in query.params.items()]
    if query.status is not None:
        where.append(f"attributes.status = '{_quoted(query.status)}'")
    order = _ORDERS.get(query.order_by, f"metrics.`{query.order_by}`")
    wanted = query.offset + query.limit
    found: list[RunView] = []
    page = None
    while experiments and len(found) < wanted:
        answer = client.search_runs(
            list(experiments),
            " AND ".join(where),
            ViewType.ACTIVE_ONLY,
            min(_PER_PAGE, wanted if not query.parents_only else _PER_PAGE),
            [f"{order} {'DESC' if query.descending else 'ASC'}"],
            page,
        )
        views = (_view(run, experiments) for run in answer)
        # A server has no filter for the absence of a tag.
        found += [view for view in views if not (query.parents_only and view.parent)]
        page = answer.token
        if not page:
            break
    return tuple(found[query.offset : wanted])


@_asking
def runs_by_id(uri: str, ids: Sequence[str]) -> tuple[RunView, ...]:
    client = connect(uri)
    experiments = _experiments(client, None)
    found = (client.get_run(identity) for identity in ids)
    return tuple(_view(run, experiments) for run in found if run.info.lifecycle_stage == "active")


@_asking
def matching(uri: str, ref: str) -> tuple[RunView, ...]:
    """The run of that id; else those whose id begins so; else the newest of that name."""
    from mlflow.exceptions import MlflowException

    client = connect(uri)
    experiments = _experiments(client, None)
    if len(ref) == 32:
        try:
            return (_view(client.get_run(ref), experiments),)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
    if not experiments:
        return ()
    named = client.search_runs(
        list(experiments),
        f"attributes.run_name = '{_quoted(ref)}'",
        ViewType.ACTIVE_ONLY,
        1,
        ["start_time DESC"],
    )
    if named:
        return (_view(named[0], experiments),)
    # A server cannot search by the beginning of an id: the newest runs are looked through.
    newest = client.search_runs(list(experiments), "", ViewType.ACTIVE_ONLY, _PER_PAGE, ["start_time DESC"])
    return tuple(_view(run, experiments) for run in newest if len(ref) >= 4 and run.info.run_id.startswith(ref))


@_asking
def names(uri: str) -> tuple[str, ...]:
    client = connect(uri)
    experiments = _experiments(client, None)
    if not experiments:
        return ()
    found = client.search_runs(list(experiments), "", ViewType.ACTIVE_ONLY, _NAMES, ["start_time DESC"])
    return tuple({run.info.run_name or "" for run in found})


@_asking
def children(uri: str, run_id: str) -> tuple[RunView, ...]:
    client = connect(uri)
    experiments = _experiments(client, None)
    found: list[RunView] = []
    page = None
    while experiments:
        answer = client.search_runs(
            list(experiments),
            f"tags.`{Tags.MLFLOW_PARENT}` = '{_quoted(run_id)}'",
            ViewType.ACTIVE_ONLY,
            _PER_PAGE,
            ["start_time ASC"],
            page,
        )
        found += [_view(run, experiments) for run in answer]
        page = answer.token
        if not page:
            break
    return tuple(found)


@_asking
def datasets(uri: str, run_id: str) -> tuple[DatasetUse, ...]:
    inputs = connect(uri).get_run(run_id).inputs
    found = []
    for use in inputs.dataset_inputs if inputs else ():
        context = {tag.key: tag.value for tag in use.tags}.get("mlflow.data.context")
        data = use.dataset
        found.append(dataset_view(data.name, data.digest, data.source, data.profile, context))
    return tuple(sorted(found, key=lambda use: (use.name, use.digest)))


@_asking
def models(uri: str, run_id: str) -> tuple[ModelView, ...]:
    client = connect(uri)
    run = client.get_run(run_id)
    found = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{_quoted(run_id)}'")
    return tuple(
        ModelView(
            id=model.model_id,
            name=model.name,
            status=str(model.status),
            location=model.artifact_location,
            run=run_id,
            created=_time(model.creation_timestamp),
            tags=dict(model.tags),
        )
        for model in found
    )


@_asking
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
            for each in client.search_model_versions(f"name='{_quoted(name)}'")
            if stage in ("latest", str(each.current_stage).lower())
        ]
    except MlflowException:
        return None
    return str(max(found)) if found else None


def _experiments(client: Any, name: str | None) -> dict[str, str]:
    """Names by id."""
    if name is not None:
        found = client.get_experiment_by_name(name)
        return {found.experiment_id: found.name} if found is not None else {}
    return {each.experiment_id: each.name for each in client.search_experiments()}


def _view(run: Any, experiments: dict[str, str]) -> RunView:
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


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
