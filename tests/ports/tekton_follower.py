"""Follows the documents of a pipeline of Tekton word by word: order, parameters, variables, tries. The command of each
task is a process of this machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

STEP_SECONDS = 120
OnTask = Callable[[str, str, str], None]
"""Name of the pipeline's task, `began`, `done`, `failed` or `skipped`, and the end of its log."""


class Follower:
    """One run. `tasks`: specs of Tasks by name, for what refers to them."""

    def __init__(
        self,
        spec: Mapping[str, Any],
        params: Mapping[str, str],
        base: Path,
        *,
        name: str,
        tasks: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        on_task: OnTask = lambda name, state, log: None,
    ) -> None:
        self._spec = spec
        self._tasks = tasks or {}
        self._base = base
        self._environment = dict(os.environ if environment is None else environment)
        self._on_task = on_task
        self._values = {f"params.{each['name']}": each["default"] for each in spec["params"]}
        self._values |= {f"params.{name}": value for name, value in params.items()}
        self._values["context.pipelineRun.name"] = name
        self._stopped = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def follow(self) -> dict[str, bool]:
        """Whether each task has ended well."""
        waiting = {task["name"]: task for task in self._spec["tasks"]}
        states: dict[str, bool] = {}
        while waiting:
            name = next(
                each for each, task in waiting.items() if all(need in states for need in task.get("runAfter", ()))
            )
            task = waiting.pop(name)
            if self._stopped.is_set() or not all(states[need] for need in task.get("runAfter", ())):
                states[name] = False
                self._on_task(name, "skipped", "")
                continue
            self._on_task(name, "began", "")
            states[name], log = self._task(task)
            self._on_task(name, "done" if states[name] else "failed", log)
        return states

    def stop(self) -> None:
        self._stopped.set()
        if self._process is not None:
            self._process.terminate()

    def _task(self, task: Mapping[str, Any]) -> tuple[bool, str]:
        about = task["taskSpec"] if "taskSpec" in task else self._tasks[task["taskRef"]["name"]]
        given = {f"params.{each['name']}": _substituted(each["value"], self._values) for each in task["params"]}
        (container,) = about["steps"]
        variables = dict(self._environment)
        for each in container.get("env", ()):
            if "value" in each:
                variables[each["name"]] = each["value"].replace("$$(", "$(")
            else:
                assert each["valueFrom"]["secretKeyRef"]["key"] in variables
        log = ""
        for again in range(task.get("retries", 0) + 1):
            known = {**given, "workspaces.shared.path": str(self._base), "context.task.retry-count": str(again)}
            arguments = [_substituted(each, known) for each in container["args"]]
            command = [sys.executable if each == "python" else each for each in container["command"]]
            code, log = self._executed([*command, *arguments], variables)
            if code == 0:
                return True, log
            if self._stopped.is_set():
                break
        return False, log

    def _executed(self, command: list[str], variables: Mapping[str, str]) -> tuple[int, str]:
        with subprocess.Popen(
            command,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            self._process = process
            if self._stopped.is_set():
                process.terminate()
            try:
                _, log = process.communicate(timeout=STEP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                _, log = process.communicate()
            return process.returncode, log[-2000:]


def _substituted(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\(((?:params|context|workspaces)\.[^)]+)\)", lambda match: values[match[1]], text)
