"""Kubeflow Pipelines: a compiled pipeline as a run with its specification inside, by the REST API v2beta1.

Runs have ids of the server's making and names that need not be their own, so that of a name is looked for before one is
made: whoever submits has to be alone in it, as a Trainer with its lease is.

Source: the API's published description (kfp_api_single_file.swagger.json: RunService, v2beta1Run, Filter), and what
Kubeflow's SDK sends for a pipeline of a file.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from nbmlops.errors import ConflictError, ExternalError, NotFoundError, StateError, UsageError
from nbmlops.lib.json_api import LOOPBACK, JsonApi, Reply
from nbmlops.lib.redact import redact
from nbmlops.model.pipeline import StepState
from nbmlops.orchestrators.status import age, line
from nbmlops.ports import OrchestratedRun

RUNS = "/apis/v2beta1/runs"
TOKEN = "NBMLOPS_KFP_TOKEN"
TOKEN_PATH = "KF_PIPELINES_SA_TOKEN_PATH"
"""Kubeflow's own name for where a pod finds its token."""
DEFAULT_TOKEN_PATH = "/var/run/secrets/kubeflow/pipelines/token"
LONGEST_NAME = 128
_IN_CLUSTER = (".svc", ".svc.cluster.local")
_EQUALS = 1
"""Of a Filter's operations."""
_PAGE = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_STATES = {
    "SUCCEEDED": StepState.DONE,
    "SKIPPED": StepState.DONE,
    "FAILED": StepState.FAILED,
    "CANCELING": StepState.KILLED,
    "CANCELED": StepState.KILLED,
}
_ENDED_WELL = ("SUCCEEDED", "SKIPPED")
R = TypeVar("R")


class _Error(msgspec.Struct, frozen=True, kw_only=True):
    message: str = ""


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    display_name: str = ""
    state: str = ""
    error: _Error | None = None


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    task_details: tuple[_Task, ...] = ()


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str
    display_name: str = ""
    state: str = ""
    created_at: datetime | None = None
    error: _Error | None = None
    run_details: _Details | None = None
    pipeline_spec: dict[str, Any] | None = None


class _Runs(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[_Run, ...] = ()


class KfpOrchestrator:
    """`address` of the API: `http://ml-pipeline.kubeflow.svc:8888`, or that of a `kubectl port-forward`. Its token
    is in NBMLOPS_KFP_TOKEN, or where Kubeflow puts a pod's. `namespace` and `experiment` (an id): where several people
    share it. `certificate`: a file with the server's authority. `service_account`: of the steps' pods. `ui`: address
    of the web page.
    """

    def __init__(
        self,
        *,
        address: str = "",
        namespace: str = "",
        experiment: str = "",
        certificate: str = "",
        service_account: str = "",
        ui: str = "",
    ) -> None:
        self._given = address
        self._certificate = certificate
        self._namespace = namespace
        self._experiment = experiment
        self._service_account = service_account
        self._ui = ui.rstrip("/")
        self._opened: JsonApi | None = None

    def submit(
        self, files: Mapping[str, bytes], name: str, parameters: Mapping[str, str], *, but: Collection[str] = ()
    ) -> str:
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(f"{name[:60]!r} is no name for a run.", kind="name-unfit", hint="At most 128 letters.")
        documents = list(yaml.safe_load_all(files["pipeline.yaml"]))
        spec = {"pipeline_spec": documents[0], "platform_spec": documents[1]} if len(documents) > 1 else documents[0]
        values = _typed(documents[0], parameters)
        for run in self._named(name):
            if run.run_id not in but and _state(run) in (StepState.RUNNING, StepState.DONE):
                return run.run_id
        body = {
            "display_name": name,
            "description": "Submitted by nbmlops.",
            "pipeline_spec": spec,
            "runtime_config": {"parameters": values},
            **({"experiment_id": self._experiment} if self._experiment else {}),
            **({"service_account": self._service_account} if self._service_account else {}),
        }
        to = f"create the run {name}"
        return _checked(self._read(self._api.send("POST", RUNS, body=body), _Run, to).run_id)

    def look(self, id: str) -> OrchestratedRun:
        reply = self._api.send("GET", f"{RUNS}/{_checked(id)}")
        if reply.status == 404:
            return OrchestratedRun(state=StepState.KILLED, why=f"the run {id} is gone")
        run = self._read(reply, _Run, f"get the run {id}")
        state = _state(run)
        names = _names(run.pipeline_spec or {})
        details = run.run_details.task_details if run.run_details is not None else ()
        tasks = [(names[each.display_name], each) for each in details if each.display_name in names]
        total = len(set(names.values()))
        step, failed = next(((name, each) for name, each in tasks if each.state == "FAILED"), ("", _Task()))
        done = len({name for name, each in tasks if each.state in _ENDED_WELL})
        return OrchestratedRun(
            state=state,
            why=_why(run, state, failed),
            step=line(step) if state is not StepState.DONE else "",
            done=total if state is StepState.DONE else done,
            total=total,
            seconds=age(run.created_at, reply),
        )

    def cancel(self, id: str) -> None:
        if self.look(id).state is not StepState.RUNNING:
            return
        try:
            self._api.ask("POST", f"{RUNS}/{id}:terminate", to=f"end the run {id}")
        except (NotFoundError, ConflictError, ExternalError):
            if self.look(id).state is StepState.RUNNING:
                raise

    def address(self, id: str) -> str:
        return f"{self._ui}/#/runs/details/{id}" if self._ui else ""

    def describe(self) -> str:
        return f"Kubeflow Pipelines at {redact(self._given)}" if self._given else "Kubeflow Pipelines"

    def _named(self, name: str) -> list[_Run]:
        """The newest first."""
        predicate = {"operation": _EQUALS, "key": "display_name", "stringValue": name}
        query = {
            "filter": json.dumps({"predicates": [predicate]}),
            "page_size": str(_PAGE),
            "sort_by": "created_at desc",
        }
        query |= {"namespace": self._namespace} if self._namespace else {}
        query |= {"experiment_id": self._experiment} if self._experiment else {}
        found = self._read(self._api.send("GET", RUNS, query=query), _Runs, f"list the runs called {name}")
        return [run for run in found.runs if run.display_name == name]

    @property
    def _api(self) -> JsonApi:
        """Raises StateError where no address is named."""
        if self._opened is None:
            if not self._given:
                raise StateError(
                    "Nobody says where Kubeflow Pipelines is: no address is named.",
                    kind="cluster-missing",
                    hint='In nbmlops.toml: [engine.kfp] address = "http://ml-pipeline.kubeflow.svc:8888"',
                )
            self._opened = JsonApi(
                "Kubeflow Pipelines",
                self._given,
                kind="kubeflow",
                token=_token,
                certificate=self._certificate,
                hint=f"Set {TOKEN} to the token of somebody who may; docs/engines.md says more.",
            )
            is_near = self._opened.host in LOOPBACK or self._opened.host.endswith(_IN_CLUSTER)
            if self._opened.is_plain and not is_near and _token():
                raise UsageError(
                    f"A token would travel in the open to {self._opened.host}.",
                    kind="address-malformed",
                    hint="Write https://, or let `kubectl port-forward` ask and name http://127.0.0.1:8888.",
                )
        return self._opened

    def _read(self, reply: Reply, kind: type[R], to: str) -> R:
        document = self._api.read(reply, to)
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            raise ExternalError(
                f"The service does not answer as Kubeflow Pipelines does to {to}: {error}.", kind="kubeflow-malformed"
            ) from error


def _token() -> str:
    if given := os.environ.get(TOKEN, "").strip():
        return given
    try:
        return Path(os.environ.get(TOKEN_PATH) or DEFAULT_TOKEN_PATH).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _checked(id: str) -> str:
    """Ids come from the service, and go into paths."""
    if not _ID.fullmatch(id):
        raise ExternalError(f"{line(id)[:60]!r} is no id of a run.", kind="kubeflow-malformed")
    return id


def _state(run: _Run) -> StepState:
    return _STATES.get(run.state, StepState.RUNNING)


def _why(run: _Run, state: StepState, failed: _Task) -> str:
    if state in (StepState.RUNNING, StepState.DONE):
        return ""
    if state is StepState.KILLED:
        return f"the run {run.run_id} was cancelled"
    said = (failed.error.message if failed.error else "") or (run.error.message if run.error else "")
    return line(said) or "Kubeflow does not say why"


def _names(spec: dict[str, Any]) -> dict[str, str]:
    """What tasks may be called, and their own names. The server answers with what it was given, inside or not."""
    found: dict[str, str] = {}
    inner = spec.get("pipeline_spec", spec)
    try:
        for name, task in inner["root"]["dag"]["tasks"].items():
            found |= {str(task.get("taskInfo", {}).get("name", name)): str(name), str(name): str(name)}
    except (KeyError, TypeError, AttributeError):
        return {}
    return found


def _typed(spec: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Texts as what the specification says that they are. Raises UsageError for what JSON or Kubeflow has not."""
    declared = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    return {
        name: _value(name, text, declared[name].get("parameterType", ""))
        for name, text in parameters.items()
        if name in declared
    }


def _value(name: str, text: str, kind: str) -> Any:
    why = ""
    try:
        if kind == "NUMBER_INTEGER":
            return int(text)
        if kind == "BOOLEAN":
            return {"True": True, "False": False}[text]
        if kind == "NUMBER_DOUBLE":
            number = float(text)
            if math.isfinite(number):
                return number
            why = f"is {text}, which JSON does not have"
    except (ValueError, KeyError):
        why = f"is no {kind}"
    if not why and "{{$" in text:
        why = "has {{$ in it, which Kubeflow takes for a variable"
    if why:
        raise UsageError(f"The value of {name} {why}.", kind="parameter-unfit", hint="Choose another value.")
    return text
