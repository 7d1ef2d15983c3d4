"""A small server that keeps runs as the description of Kubeflow Pipelines' API v2beta1 says, and executes them with the
local runner of Kubeflow's own SDK.

It is not Kubeflow Pipelines: nothing of ours has been tried against the real one here.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.ports.compiled import RUN_LOCALLY
from tests.ports.tekton_follower import STEP_SECONDS

TOKEN = "kubeflow-t0ken-that-nobody-may-see"
Answer = tuple[int, Any]
_PATH = re.compile(r"/apis/v2beta1/runs(?:/([^/:]+)(:terminate)?)?")
_FIELDS = {"display_name", "description", "pipeline_spec", "runtime_config", "experiment_id", "service_account"}
_ID = "{{$.pipeline_job_uuid}}"


class KfpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, base: Path, python: str, environment: Mapping[str, str] | None = None) -> None:
        """`base`: for the workspaces of runs; `python`: one that has Kubeflow's SDK."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = base
        self.environment = {**(os.environ if environment is None else environment), "NBMLOPS_PYTHON": sys.executable}
        self.runs: dict[str, dict[str, Any]] = {}
        self.instead: Callable[[str, str], Answer | None] = lambda method, path: None
        """What it answers instead: an object, or bytes; None: as ever."""
        self.may_begin = threading.Event()
        self.may_begin.set()
        self.ahead = timedelta()
        self.logs: list[str] = []
        self._python = python
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._executing: list[threading.Thread] = []
        self.lock = threading.RLock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.may_begin.set()
        for process in list(self._processes.values()):
            _end(process)
        for thread in self._executing:
            thread.join()
        self.shutdown()
        self.server_close()

    def hold(self) -> None:
        self.may_begin.clear()

    def go_on(self) -> None:
        self.may_begin.set()

    def ids(self) -> list[str]:
        return list(self.runs)

    def delete(self, id: str) -> None:
        with self.lock:
            del self.runs[id]
            if id in self._processes:
                _end(self._processes[id])

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who was killed hangs up."""

    def answer(self, method: str, path: str, query: Mapping[str, str], headers: Any, body: Any) -> Answer:
        with self.lock:
            if (instead := self.instead(method, path)) is not None:
                return instead
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return refused(401, "Unauthenticated: no valid token")
            match = _PATH.fullmatch(path)
            if match is None:
                return refused(404, "Not Found")
            id, verb = match.groups()
            if id is None:
                return self._create(body) if method == "POST" else self._listed(query)
            if id not in self.runs:
                return refused(404, f"Failed to get a run: Run {id} not found")
            if verb:
                return self._terminate(id)
            return 200, self.runs[id]

    def _listed(self, query: Mapping[str, str]) -> Answer:
        (predicate,) = json.loads(query["filter"])["predicates"]
        assert (predicate["operation"], predicate["key"]) == (1, "display_name")
        assert query["sort_by"] == "created_at desc"
        found = [each for each in self.runs.values() if each["display_name"] == predicate["stringValue"]]
        return 200, {"runs": found[::-1], "total_size": len(found)} if found else {}

    def _create(self, body: dict[str, Any]) -> Answer:
        if unknown := set(body) - _FIELDS:
            return refused(400, f"unknown field {sorted(unknown)[0]!r} in Run")
        if set(body["pipeline_spec"]) != {"pipeline_spec", "platform_spec"}:
            return refused(400, "unknown template format")
        id = str(uuid.uuid4())
        made = {"run_id": id, "state": "PENDING", "created_at": self.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.runs[id] = {**body, **made, "storage_state": "AVAILABLE", "run_details": {"task_details": []}}
        thread = threading.Thread(target=self._execute, args=(id,), daemon=True)
        self._executing.append(thread)
        thread.start()
        return 200, self.runs[id]

    def _terminate(self, id: str) -> Answer:
        if self.runs[id]["state"] in ("SUCCEEDED", "FAILED", "CANCELED"):
            return refused(400, f"Failed to terminate a run: Run {id} is finished")
        self.runs[id]["state"] = "CANCELING"
        if id in self._processes:
            _end(self._processes[id])
        return 200, {}

    def _execute(self, id: str) -> None:
        self.may_begin.wait()
        place = self.base / id
        kept = place / "kept"
        with self.lock:
            if id not in self.runs:
                return
            run = self.runs[id]
            if run["state"] == "CANCELING":
                run["state"] = "CANCELED"
                return
            run["state"] = "RUNNING"
            kept.mkdir(parents=True)
            # The runner removes the workspace that it was given; it leaves alone where a link leads.
            (place / "workspace").symlink_to(kept)
            spec = run["pipeline_spec"]
            documents = yaml.safe_dump_all([spec["pipeline_spec"], spec["platform_spec"]])
            (place / "pipeline.yaml").write_text(documents.replace(_ID, id))
            values = json.dumps(run["runtime_config"]["parameters"])
            command = [self._python, "-W", "ignore", "-c", RUN_LOCALLY, str(place / "pipeline.yaml")]
            process = subprocess.Popen(
                [*command, str(place / "root"), str(place / "workspace"), values],
                cwd=place,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._processes[id] = process
        try:
            out, _ = process.communicate(timeout=4 * STEP_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process)
            out, _ = process.communicate()
        self.logs.append(out[-4000:])
        with self.lock:
            if id in self.runs:
                self._ended(id, kept / "work" / "results")

    def _ended(self, id: str, results: Path) -> None:
        run = self.runs[id]
        tasks = run["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"]
        details = [{"display_name": "root", "state": "RUNNING"}]
        states = {}
        for name in tasks:
            path = results / f"{name}.json"
            if not path.is_file():
                continue
            states[name] = "SUCCEEDED" if json.loads(path.read_text())["state"] == "done" else "FAILED"
            details += [{"display_name": f"{name}-driver", "state": "SUCCEEDED"}]
            details += [{"display_name": name, "state": states[name]}]
        run["run_details"]["task_details"] = details
        if run["state"] == "CANCELING":
            run["state"] = "CANCELED"
        else:
            run["state"] = "SUCCEEDED" if len(states) == len(tasks) and "FAILED" not in states.values() else "FAILED"


class _Handler(BaseHTTPRequestHandler):
    server: KfpServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        query = dict(parse_qsl(parts.query))
        status, found = self.server.answer(self.command, parts.path, query, self.headers, body)
        with self.server.lock:
            sent = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(sent)))
        self.send_header("Date", format_datetime(self.server.now(), usegmt=True))
        self.end_headers()
        self.wfile.write(sent)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


def refused(code: int, message: str) -> Answer:
    return code, {"error": message, "code": 5, "message": message, "details": []}


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
