"""A small server that keeps PipelineRuns and TaskRuns as Kubernetes' and Tekton's documentation say, and executes them.

It is neither Kubernetes nor Tekton: nothing of ours has been tried against the real ones here. What it checks of each
request and what it answers was written from their public documentation; the steps are real processes, which follow the
submitted documents.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema

from tests.ports.tekton_follower import Follower
from tests.unit.pipeline import tekton_schema

TOKEN = "cluster-t0ken-that-nobody-may-see"
NAMESPACE = "models"
Answer = tuple[int, Any]
_PATH = re.compile(r"/apis/tekton\.dev/v1/namespaces/([^/]+)/(pipelineruns|taskruns)(?:/([^/]+))?")


class TektonServer(ThreadingHTTPServer):
    daemon_executing = True

    def __init__(self, base: Path, environment: Mapping[str, str] | None = None) -> None:
        """`base`: for the workspaces of runs; `environment`: of the containers."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = base
        self.environment = dict(os.environ if environment is None else environment)
        self.runs: dict[str, dict[str, Any]] = {}
        self.task_runs: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.logs: list[str] = []
        """The ends of what steps have written to standard error."""
        self.instead: Callable[[str, str], Answer | None] = lambda method, path: None
        """What it answers instead: an object, or bytes; None: as ever."""
        self.may_begin = threading.Event()
        """What is submitted waits for it."""
        self.may_begin.set()
        self.ahead = timedelta()
        """Of the clock of this machine."""
        self._followers: dict[str, Follower] = {}
        self._executing: list[threading.Thread] = []
        self._version = 0
        self.lock = threading.RLock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.may_begin.set()
        with self.lock:
            followers = list(self._followers.values())
        for follower in followers:
            follower.stop()
        for thread in self._executing:
            thread.join()
        self.shutdown()
        self.server_close()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who was killed hangs up."""

    def answer(self, method: str, path: str, query: Mapping[str, str], headers: Any, body: Any) -> Answer:
        with self.lock:
            self.asked.append((method, path))
            if (instead := self.instead(method, path)) is not None:
                return instead
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return refused(401, "Unauthorized", "Unauthorized")
            match = _PATH.fullmatch(path)
            if match is None:
                return refused(404, "NotFound", "the server could not find the requested resource")
            namespace, kind, name = match.groups()
            if namespace != NAMESPACE:
                why = f'{kind}.tekton.dev is forbidden: User "somebody" cannot {method} in the namespace "{namespace}"'
                return refused(403, "Forbidden", why)
            if kind == "taskruns":
                return self._listed(query) if method == "GET" and name is None else refused(405, "MethodNotAllowed", "")
            if method == "POST" and name is None:
                return self._create(body)
            if name not in self.runs:
                return refused(404, "NotFound", f'pipelineruns.tekton.dev "{name}" not found')
            if method == "PATCH":
                return self._patch(name, headers, body)
            return (200, self.runs[name]) if method == "GET" else refused(405, "MethodNotAllowed", "")

    def hold(self) -> None:
        self.may_begin.clear()

    def go_on(self) -> None:
        self.may_begin.set()

    def ids(self) -> list[str]:
        return list(self.runs)

    def delete(self, id: str) -> None:
        with self.lock:
            del self.runs[id]
            if id in self._followers:
                self._followers[id].stop()

    def _create(self, body: dict[str, Any]) -> Answer:
        try:
            jsonschema.validate(body, tekton_schema.SUBMITTED)
        except jsonschema.ValidationError as error:
            return refused(422, "Invalid", f"strict decoding error: {error.message}")
        name = body["metadata"]["name"]
        if name in self.runs:
            return refused(409, "AlreadyExists", f'pipelineruns.tekton.dev "{name}" already exists')
        made = {"creationTimestamp": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "namespace": NAMESPACE, "uid": name}
        self.runs[name] = {**body, "metadata": {**body["metadata"], **made}}
        self._told(name, "Unknown", "Started", "Not all Tasks in the Pipeline have finished executing")
        thread = threading.Thread(target=self._execute, args=(name,), daemon=True)
        self._executing.append(thread)
        thread.start()
        return 201, self.runs[name]

    def _patch(self, name: str, headers: Any, body: dict[str, Any]) -> Answer:
        if headers["Content-Type"] != "application/merge-patch+json":
            return refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        run = self.runs[name]
        version = body.get("metadata", {}).get("resourceVersion", run["metadata"]["resourceVersion"])
        if version != run["metadata"]["resourceVersion"]:
            return refused(409, "Conflict", "the object has been modified; please apply your changes to the latest")
        if set(body) - {"spec", "metadata"} or set(body["spec"]) != {"status"}:
            return refused(400, "BadRequest", "Once the PipelineRun has started, only status updates are allowed")
        if run["status"]["conditions"][0]["status"] != "Unknown":
            return refused(400, "BadRequest", "Once the PipelineRun is complete, no updates are allowed")
        if body["spec"]["status"] != "Cancelled":
            return refused(400, "BadRequest", f"{body['spec']['status']} should be Cancelled")
        run["spec"]["status"] = "Cancelled"
        self._told(name, "Unknown", "Cancelled", f'PipelineRun "{name}" is being cancelled')
        if name in self._followers:
            self._followers[name].stop()
        return 200, run

    def _listed(self, query: Mapping[str, str]) -> Answer:
        label, _, name = query["labelSelector"].partition("=")
        assert label == "tekton.dev/pipelineRun"
        items = [each for each in self.task_runs.values() if each["metadata"]["labels"][label] == name]
        return 200, {"apiVersion": "tekton.dev/v1", "kind": "TaskRunList", "metadata": {}, "items": items}

    def _execute(self, name: str) -> None:
        self.may_begin.wait()
        with self.lock:
            if name not in self.runs:
                return
            spec = self.runs[name]["spec"]
            params = {each["name"]: each["value"] for each in spec["params"]}

            def on_task(task: str, state: str, log: str) -> None:
                self.logs.append(log)
                self._task(name, task, state)

            follower = Follower(
                spec["pipelineSpec"], params, self.base, name=name, environment=self.environment, on_task=on_task
            )
            self._followers[name] = follower
            if spec.get("status"):
                follower.stop()
            else:
                self._told(name, "Unknown", "Running", "Tasks Completed: 0 (Failed: 0, Cancelled 0)")
        states = follower.follow()
        with self.lock:
            if name not in self.runs:
                return
            if self.runs[name]["spec"].get("status"):
                self._told(name, "False", "Cancelled", f'PipelineRun "{name}" was cancelled')
            elif all(states.values()):
                self._told(name, "True", "Succeeded", f"Tasks Completed: {len(states)} (Failed: 0, Cancelled 0)")
            else:
                self._told(name, "False", "Failed", "Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0")

    def _task(self, run: str, task: str, state: str) -> None:
        with self.lock:
            if run not in self.runs:
                return
            status = self.runs[run]["status"]
            if state == "skipped":
                status.setdefault("skippedTasks", []).append({"name": task, "reason": "Parent Tasks were skipped"})
                return
            name = f"{run}-{task}"
            children = status.setdefault("childReferences", [])
            if all(each["name"] != name for each in children):
                reference = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun"}
                children.append({**reference, "name": name, "pipelineTaskName": task})
            word, reason, message = {
                "began": ("Unknown", "Running", "Not all Steps in the Task have finished executing"),
                "done": ("True", "Succeeded", "All Steps have completed executing"),
                "failed": ("False", "Failed", '"step-step" exited with code 1: Error'),
            }[state]
            if state == "failed" and self.runs[run]["spec"].get("status"):
                reason, message = "TaskRunCancelled", f'TaskRun "{name}" was cancelled'
            labels = {"tekton.dev/pipelineRun": run, "tekton.dev/pipelineTask": task}
            self.task_runs[name] = {
                "metadata": {"name": name, "labels": labels},
                "status": {"conditions": [{"type": "Succeeded", "status": word, "reason": reason, "message": message}]},
            }

    def _told(self, name: str, status: str, reason: str, message: str) -> None:
        run = self.runs[name]
        self._version += 1
        run["metadata"]["resourceVersion"] = str(self._version)
        condition = {"type": "Succeeded", "status": status, "reason": reason, "message": message}
        run["status"] = {**run.get("status", {}), "conditions": [condition]}


class _Handler(BaseHTTPRequestHandler):
    server: TektonServer

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        status, found = self.server.answer(self.command, parts.path, dict(parse_qsl(parts.query)), self.headers, body)
        with self.server.lock:
            sent = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.send_header("Date", format_datetime(self.server.now(), usegmt=True))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        """The tests look at what was asked."""


def refused(code: int, reason: str, message: str) -> Answer:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return code, {**status, "message": message, "reason": reason, "code": code}
