"""Writing runs through MlflowClient: batches, limits, clashes and locks in one place.

Only the scribe imports this module; it is the one that pays for importing MLflow.
"""

from __future__ import annotations

import functools
import getpass
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LifecycleStage,
    LoggedModelInput,
    Metric,
    Param,
    RunTag,
)
from mlflow.exceptions import MlflowException

from nbmlops.errors import ConflictError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.names import slug
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.track import address, metrics_sqlite
from nbmlops.track.messages import Point
from nbmlops.track.trouble import is_busy
from nbmlops.track.unknown_tables import UnknownTables

PARAM_CHARS = 6000
TAG_CHARS = 8000
DIGEST_CHARS = 36
METRICS_PER_CALL = 1000
ITEMS_PER_CALL = 100
BUSY_SECONDS = 60.0

_log = logging.getLogger("nbmlops")
R = TypeVar("R")


class Writer:
    """One tracking address. Methods take and give plain values and MLflow run ids."""

    def __init__(self, uri: str, root: Path) -> None:
        self.uri = uri
        self._database = address.sqlite_path(uri)
        self._artifacts = address.artifact_root(root) if self._database else None
        self.root = root
        self.client = MlflowClient(uri)
        self._experiments: dict[str, str] = {}

    def experiment(self, name: str) -> str:
        """The id of the experiment of that name, made or brought back from deletion if need be."""
        if name in self._experiments:
            return self._experiments[name]
        found = self._retry(lambda: self.client.get_experiment_by_name(name))
        if found is None:
            try:
                number = self._retry(lambda: self.client.create_experiment(name, self._location(name)))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                # Another writer made it between our two calls.
                number = self._retry(lambda: self.client.get_experiment_by_name(name)).experiment_id
        else:
            number = found.experiment_id
            if found.lifecycle_stage == LifecycleStage.DELETED:
                self._retry(lambda: self.client.restore_experiment(number))
        self._experiments[name] = str(number)
        return str(number)

    def _location(self, name: str) -> str | None:
        """Where the experiment's artifacts go; a server decides for itself."""
        if self._artifacts is None:
            return None
        return str(self._artifacts / f"{slug(name, 'experiment')}-{digest_bytes(name.encode())[:6]}")

    def open_run(
        self,
        name: str,
        experiment: str,
        *,
        tags: dict[str, str],
        params: dict[str, str],
        parent: str | None = None,
        started_ms: int | None = None,
    ) -> str:
        number = self.experiment(experiment)
        every = {Tags.MLFLOW_USER: _user(), **tags}
        if parent:
            every[Tags.MLFLOW_PARENT] = parent
        run = self._retry(
            lambda: self.client.create_run(
                number,
                start_time=started_ms,
                tags={k: _cut(v, TAG_CHARS) for k, v in every.items()},
                run_name=name,
            )
        )
        identity = str(run.info.run_id)
        if params:
            self.log_params(identity, params, explicit=False)
        return identity

    def find_by_key(self, experiment: str, key: str) -> str | None:
        """The run that an earlier scribe already made for that key."""
        number = self.experiment(experiment)
        found = self._retry(
            lambda: self.client.search_runs([number], filter_string=f"tags.`{Tags.KEY}` = '{key}'", max_results=1)
        )
        return str(found[0].info.run_id) if found else None

    def runs_of_execution(self, execution: str) -> tuple[str, ...]:
        """Runs that the user's own mlflow made in a cell, in whatever experiment."""
        if not execution:
            return ()
        experiments = self._retry(lambda: self.client.search_experiments(max_results=1000))
        found = self._retry(
            lambda: self.client.search_runs(
                [experiment.experiment_id for experiment in experiments],
                filter_string=f"tags.`{Tags.EXECUTION}` = '{execution}' and tags.`{Tags.KIND}` = 'mlflow'",
                max_results=100,
            )
        )
        return tuple(str(run.info.run_id) for run in found)

    def log_params(self, run: str, params: dict[str, str], *, explicit: bool) -> None:
        """Parameters are write-once in MLflow. A clash of explicit ones is an error; else the first stays."""
        wanted = {name: _cut(value, PARAM_CHARS) for name, value in params.items()}
        try:
            self._log_params(run, wanted)
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            known = self._retry(lambda: self.client.get_run(run)).data.params
            clashes = sorted(name for name, value in wanted.items() if known.get(name, value) != value)
            if not clashes:
                raise
            self._log_params(run, {name: value for name, value in wanted.items() if name not in known})
            if explicit:
                name = clashes[0]
                raise ConflictError(
                    f"Parameter {name} of run {run[:8]} is {known[name]} already, not {wanted[name]}.",
                    kind="param-conflict",
                    hint="MLflow parameters are written once. Start a new run for another value.",
                    run=run,
                    params=clashes,
                ) from error

    def _log_params(self, run: str, params: dict[str, str]) -> None:
        for part in _parts([Param(name, value) for name, value in params.items()], ITEMS_PER_CALL):
            self._retry(functools.partial(self.client.log_batch, run, params=part))

    def log_metrics(self, run: str, points: Sequence[Point]) -> None:
        if self._database is not None:
            try:
                metrics_sqlite.write(self._database, run, points)
            except UnknownTables as error:
                _log.warning("metrics go through MLflow: %s", error)
                self._database = None
            else:
                return
        metrics = [Metric(point.name, float(point.value), point.time_ms, point.step) for point in points]
        for part in _parts(metrics, METRICS_PER_CALL):
            self._retry(functools.partial(self.client.log_batch, run, metrics=part))

    def set_tags(self, run: str, tags: dict[str, str]) -> None:
        for part in _parts([RunTag(k, _cut(v, TAG_CHARS)) for k, v in tags.items()], ITEMS_PER_CALL):
            self._retry(functools.partial(self.client.log_batch, run, tags=part))

    def log_datasets(self, run: str, uses: Sequence[DatasetUse]) -> None:
        """Each file as an MLflow dataset: its real place, and our digest instead of MLflow's 32 bits."""
        inputs = [
            DatasetInput(
                Dataset(
                    name=use.name,
                    digest=use.digest[:DIGEST_CHARS],
                    source_type="local",
                    source=msgspec.json.encode({"uri": self._place(use.path)}).decode(),
                    profile=msgspec.json.encode({"bytes": use.size, "digest": use.digest}).decode(),
                ),
                [InputTag("mlflow.data.context", use.context)],
            )
            for use in uses
        ]
        for part in _parts(inputs, ITEMS_PER_CALL):
            self._retry(functools.partial(self.client.log_inputs, run, part))

    def _place(self, path: str) -> str:
        return path if "://" in path else str(self.root / path)

    def log_evaluation(self, run: str, model: str, metrics: Mapping[str, float], data: DatasetUse) -> None:
        """Metrics of a logged model on a dataset: MLflow shows them with the model, too."""
        now = time.time_ns() // 1_000_000
        found = [
            Metric(
                name, value, now, 0, model_id=model, dataset_name=data.name, dataset_digest=data.digest[:DIGEST_CHARS]
            )
            for name, value in metrics.items()
        ]
        self._retry(lambda: self.client.log_inputs(run, models=[LoggedModelInput(model)]))
        for part in _parts(found, METRICS_PER_CALL):
            self._retry(functools.partial(self.client.log_batch, run, metrics=part))

    def log_artifact(self, run: str, path: Path, folder: str = "") -> None:
        if path.is_dir():
            self._retry(lambda: self.client.log_artifacts(run, str(path), folder or None))
        else:
            self._retry(lambda: self.client.log_artifact(run, str(path), folder or None))

    def log_text(self, run: str, text: str, file: str) -> None:
        self._retry(lambda: self.client.log_text(run, text, file))

    def end_run(self, run: str, status: str = "FINISHED", failure: str = "", ended_ms: int | None = None) -> None:
        if failure:
            self.set_tags(run, {Tags.FAILURE: failure})
        self._retry(lambda: self.client.set_terminated(run, status, ended_ms))

    def _retry(self, call: Callable[[], R]) -> R:
        """Wait for another writer's lock to go away, up to a minute; everything else is raised at once."""
        deadline = time.monotonic() + BUSY_SECONDS
        pause = 0.05
        while True:
            try:
                return call()
            except MlflowException as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(pause)
                pause = min(pause * 2, 1.0)


def _parts(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _cut(value: str, limit: int) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container's user without a name
