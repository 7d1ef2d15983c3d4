"""Tekton: a compiled pipeline as one PipelineRun that carries its Pipeline and Tasks inside, so that nothing of it is
shared with other runs and it is there as a whole or not at all.

Source: Tekton's documentation of PipelineRuns (embedded specs, status, cancelling) and its API reference;
Kubernetes' API concepts (names, 409, merge patches).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import yaml

from nbmlops.errors import ConflictError, DeniedError, ExternalError, NotFoundError, StateError, UsageError
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.json_api import JsonApi, Reply
from nbmlops.lib.kubernetes_api import MERGE, by_account, by_address, pod
from nbmlops.lib.redact import redact
from nbmlops.model.pipeline import StepState
from nbmlops.orchestrators.status import age, line
from nbmlops.ports import OrchestratedRun

API = "/apis/tekton.dev/v1"
MOST_TRIES = 50
"""Runs of one name."""
LONGEST_NAME = 56
"""Without the number of a try; with it a name is still a label's value, which has 63 letters."""
R = TypeVar("R")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABELS = {"app.kubernetes.io/managed-by": "nbmlops"}
_MOST_TASKS = 500
_HINT = "Bind a Role that may create, get and patch pipelineruns, and list taskruns: docs/engines.md has it."


class _Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str = ""
    labels: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class _Condition(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class _PipelineSpec(msgspec.Struct, frozen=True, kw_only=True):
    tasks: tuple[Any, ...] = ()


class _Spec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    status: str = ""
    pipeline_spec: _PipelineSpec | None = None


class _Status(msgspec.Struct, frozen=True, kw_only=True):
    conditions: tuple[_Condition, ...] = ()


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """A PipelineRun, or a TaskRun: what both have."""

    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def succeeded(self) -> _Condition:
        return next((each for each in self.status.conditions if each.type == "Succeeded"), _Condition())


class _TaskRuns(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[_Run, ...] = ()


class TektonOrchestrator:
    """`address` of the API server: `https://...` with a token in NBMLOPS_CLUSTER_TOKEN, or that of a `kubectl proxy`.
    Empty: this is a pod, whose service account asks. `certificate`: a file with the server's authority. `namespace`:
    the pod's own, else `default`. `service_account`: of the steps' pods. `ui`: address of Tekton's dashboard.
    """

    def __init__(
        self,
        *,
        address: str = "",
        namespace: str = "",
        certificate: str = "",
        service_account: str = "",
        ui: str = "",
    ) -> None:
        self._given = address
        self._certificate = certificate
        self._namespace = namespace
        self._service_account = service_account
        self._ui = ui.rstrip("/")
        self._opened: JsonApi | None = None

    def submit(
        self, files: Mapping[str, bytes], name: str, parameters: Mapping[str, str], *, but: Collection[str] = ()
    ) -> str:
        """Each try of a name has a name of its own, made by counting: that one is taken already is Kubernetes' word."""
        document = self._document(files, parameters)
        for number in range(1, MOST_TRIES + 1):
            id = _numbered(name, number)
            if id in but:
                continue  # also where it was deleted: what its steps have logged has its name
            document["metadata"]["name"] = id
            try:
                self._api.ask("POST", self._place("pipelineruns"), to=f"create the PipelineRun {id}", body=document)
            except ConflictError:
                if self.look(id).state in (StepState.RUNNING, StepState.DONE):
                    return id
            except NotFoundError as error:
                hint = f"Is Tekton installed there, and is there a namespace {self._namespace}?"
                raise NotFoundError(error.message, kind=error.kind, hint=hint) from error
            else:
                return id
        raise StateError(
            f"{MOST_TRIES} PipelineRuns called {_numbered(name, 1)} have failed.",
            kind="run-exhausted",
            hint="Delete them, or change what they are made of.",
        )

    def look(self, id: str) -> OrchestratedRun:
        reply = self._api.send("GET", self._place("pipelineruns", id))
        if reply.status == 404:
            return OrchestratedRun(state=StepState.KILLED, why=f"the PipelineRun {id} is gone")
        run = self._read(reply, _Run, f"get the PipelineRun {id}")
        state = _state(run)
        tasks = self._tasks(id)
        failed = next((each for each in tasks if _has_failed(each)), None)
        why = _why(run, state, failed)
        total = len(run.spec.pipeline_spec.tasks) if run.spec.pipeline_spec is not None else len(tasks)
        return OrchestratedRun(
            state=state,
            why=why,
            step=_step(failed) if failed is not None and state is not StepState.DONE else "",
            done=total if state is StepState.DONE else sum(each.succeeded.status == "True" for each in tasks),
            total=total,
            seconds=age(run.metadata.creation_timestamp, reply),
        )

    def cancel(self, id: str) -> None:
        # One that has ended refuses to be changed.
        if self.look(id).state is not StepState.RUNNING:
            return
        path, body = self._place("pipelineruns", id), {"spec": {"status": "Cancelled"}}
        try:
            self._api.ask("PATCH", path, to=f"cancel the PipelineRun {id}", body=body, media=MERGE)
        except (NotFoundError, ConflictError, ExternalError):
            if self.look(id).state is StepState.RUNNING:
                raise

    def address(self, id: str) -> str:
        _ = self._api  # it finds the namespace
        return f"{self._ui}/#/namespaces/{self._namespace}/pipelineruns/{id}" if self._ui else ""

    def describe(self) -> str:
        return f"Tekton at {redact(self._given)}" if self._given else "Tekton of this pod's cluster"

    @property
    def _api(self) -> JsonApi:
        """Raises StateError where no address is named and this is no pod."""
        if self._opened is None:
            if self._given:
                self._opened = by_address(self._given, self._certificate)
                self._namespace = self._namespace or "default"
            else:
                try:
                    here = pod()
                except StateError as error:
                    raise StateError(
                        "Nobody says where Tekton is: this is no pod, and no address is named.",
                        kind="cluster-missing",
                        hint='In nbmlops.toml: [engine.tekton] address = "http://127.0.0.1:8001", and kubectl proxy',
                    ) from error
                self._opened = by_account(here.address, seconds=30.0, hint=_HINT)
                self._namespace = self._namespace or here.namespace
            if not _NAME.fullmatch(self._namespace):
                raise UsageError(f"{self._namespace!r} is no namespace.", kind="namespace-malformed")
        return self._opened

    def _place(self, kind: str, name: str = "") -> str:
        _ = self._api  # it finds the namespace
        return f"{API}/namespaces/{self._namespace}/{kind}" + (f"/{name}" if name else "")

    def _document(self, files: Mapping[str, bytes], parameters: Mapping[str, str]) -> dict[str, Any]:
        for name, value in parameters.items():
            if "$(" in value:
                raise UsageError(
                    f"The value of {name} has $( in it, which Tekton takes for a variable.",
                    kind="parameter-unfit",
                    hint="Choose another value.",
                )
        tasks = {each["metadata"]["name"]: each["spec"] for each in yaml.safe_load_all(files["tasks.yaml"])}
        pipeline = yaml.safe_load(files["pipeline.yaml"])["spec"]
        run = yaml.safe_load(files["run.yaml"])
        spec = {key: value for key, value in run["spec"].items() if key != "pipelineRef"}
        spec["params"] = [{**each, "value": parameters.get(each["name"], each["value"])} for each in spec["params"]]
        if self._service_account:
            spec["taskRunTemplate"] = {"serviceAccountName": self._service_account}
        inside = [_with_its_task(each, tasks) for each in pipeline["tasks"]]
        return {
            "apiVersion": run["apiVersion"],
            "kind": run["kind"],
            "metadata": {"name": "", "labels": dict(_LABELS)},
            "spec": {**spec, "pipelineSpec": {**pipeline, "tasks": inside}},
        }

    def _tasks(self, id: str) -> tuple[_Run, ...]:
        """For how far it is, and which one failed: whoever may not see them does without."""
        query = {"labelSelector": f"tekton.dev/pipelineRun={id}", "limit": str(_MOST_TASKS)}
        reply = self._api.send("GET", self._place("taskruns"), query=query)
        to = f"list the TaskRuns of {id}"
        try:
            return self._read(reply, _TaskRuns, to).items
        except (DeniedError, NotFoundError):
            return ()

    def _read(self, reply: Reply, kind: type[R], to: str) -> R:
        document = self._api.read(reply, to)
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            raise ExternalError(
                f"The API server does not answer as Tekton does to {to}: {error}.", kind="cluster-malformed"
            ) from error


def _numbered(name: str, number: int) -> str:
    """`kinds-train-0123456789ab`, and from the second on with the number. A long name keeps its beginning."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a PipelineRun.", kind="name-unfit", hint="a to z, figures and hyphens"
        )
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 13].rstrip('-')}-{digest_bytes(name.encode())[:12]}"
    return name if number == 1 else f"{name}-{number}"


def _with_its_task(task: dict[str, Any], tasks: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in task.items() if key != "taskRef"}
    return {**rest, "taskSpec": tasks[task["taskRef"]["name"]]}


def _state(run: _Run) -> StepState:
    condition = run.succeeded
    if condition.status == "True":
        return StepState.DONE
    is_cancelled = "Cancel" in condition.reason
    if condition.status == "False":
        return StepState.KILLED if is_cancelled else StepState.FAILED
    is_ending = run.spec.status.startswith(("Cancelled", "Stopped")) or run.metadata.deletion_timestamp is not None
    return StepState.KILLED if is_ending or is_cancelled else StepState.RUNNING


def _has_failed(task: _Run) -> bool:
    return task.succeeded.status == "False" and "Cancel" not in task.succeeded.reason


def _why(run: _Run, state: StepState, failed: _Run | None) -> str:
    if state in (StepState.RUNNING, StepState.DONE):
        return ""
    if state is StepState.KILLED:
        return line(f"{run.metadata.name} was cancelled")
    said = failed.succeeded if failed is not None else run.succeeded
    return line(said.message or said.reason or "Tekton does not say why")


def _step(task: _Run) -> str:
    return line(task.metadata.labels.get("tekton.dev/pipelineTask", ""))
