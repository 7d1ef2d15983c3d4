"""Runs what compilers write: Kubeflow's by its SDK's own runner, Tekton's by following the documents word by word."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nbmlops import plugins
from nbmlops.model.pipeline import Pipeline
from nbmlops.ports import Target
from tests.ports.torture import Outcome, Torture, laid_out, outcome

STEP_SECONDS = 120
RUN_LOCALLY = """
import json, sys
from kfp import components, local
local.init(
    runner=local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[2], workspace_root=sys.argv[3],
    raise_on_error=False,
)
try:
    components.load_component_from_file(sys.argv[1])(**json.loads(sys.argv[4]))
except OSError as error:
    # At the end it removes its workspace, and stops at the link.
    if "symbolic link" not in str(error):
        raise
"""


def target(pipeline: Pipeline, project: Path) -> Target:
    return Target(
        pipeline=pipeline, place="pipelines/torture", image="registry.example.org/torture:1", project=str(project)
    )


def on_kfp(torture: Torture, project: Path, python: str) -> Outcome:
    """Each component in a process of its own, without containers: kfp.local."""
    pipeline, _ = laid_out(torture, project)
    files = plugins.load(plugins.COMPILERS, "kfp")(python=python).compile(target(pipeline, project))
    base = project.parent / "kfp"
    base.mkdir()
    (base / "pipeline.yaml").write_bytes(files["pipeline.yaml"])
    # The runner removes the workspace that it was given; it leaves alone where a link leads.
    (base / "kept").mkdir()
    (base / "workspace").symlink_to(base / "kept")
    command = [python, "-W", "ignore", "-c", RUN_LOCALLY, str(base / "pipeline.yaml"), str(base / "root")]
    command += [str(base / "workspace"), json.dumps(torture.values)]
    subprocess.run(
        command,
        cwd=base,
        env={**os.environ, "NBMLOPS_PYTHON": sys.executable},
        timeout=4 * STEP_SECONDS,
        check=True,
        capture_output=True,
    )
    return _outcome(torture, pipeline, base / "kept")


def on_tekton(torture: Torture, project: Path) -> Outcome:
    """Each task's command in a process, as the documents say: parameters, variables, order, tries."""
    pipeline, _ = laid_out(torture, project)
    files = plugins.load(plugins.COMPILERS, "tekton")().compile(target(pipeline, project))
    tasks = {task["metadata"]["name"]: task["spec"] for task in yaml.safe_load_all(files["tasks.yaml"])}
    spec = yaml.safe_load(files["pipeline.yaml"])["spec"]
    run = yaml.safe_load(files["run.yaml"])["spec"]
    values = {f"params.{each['name']}": each["default"] for each in spec["params"]}
    values |= {f"params.{each['name']}": each["value"] for each in run["params"]}
    values |= {f"params.{name}": str(value) for name, value in torture.values.items()}
    values["context.pipelineRun.name"] = "run-1"
    base = project.parent / "tekton"
    waiting = {task["name"]: task for task in spec["tasks"]}
    states: dict[str, bool] = {}
    while waiting:
        name = next(each for each, task in waiting.items() if all(need in states for need in task.get("runAfter", ())))
        task = waiting.pop(name)
        if all(states[need] for need in task.get("runAfter", ())):
            states[name] = _task(task, tasks[task["taskRef"]["name"]], values, base)
        else:
            states[name] = False
    return _outcome(torture, pipeline, base / "run-1")


def _task(task: Mapping[str, Any], about: Mapping[str, Any], values: Mapping[str, str], base: Path) -> bool:
    given = {f"params.{each['name']}": _substituted(each["value"], values) for each in task["params"]}
    (container,) = about["steps"]
    variables = dict(os.environ)
    for each in container.get("env", ()):
        if "value" in each:
            variables[each["name"]] = each["value"].replace("$$(", "$(")
        else:
            assert each["valueFrom"]["secretKeyRef"]["key"] in variables
    for again in range(task.get("retries", 0) + 1):
        known = {**given, "workspaces.shared.path": str(base), "context.task.retry-count": str(again)}
        arguments = [_substituted(each, known) for each in container["args"]]
        command = [sys.executable if each == "python" else each for each in container["command"]]
        done = subprocess.run([*command, *arguments], env=variables, timeout=STEP_SECONDS, capture_output=True)
        if done.returncode == 0:
            return True
    return False


def _substituted(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\(((?:params|context|workspaces)\.[^)]+)\)", lambda match: values[match[1]], text)


def _outcome(torture: Torture, pipeline: Pipeline, workspace: Path) -> Outcome:
    states, error = {}, ""
    for step in pipeline.steps:
        path = workspace / "work" / "results" / f"{step.name}.json"
        result = json.loads(path.read_text()) if path.is_file() else {"state": "skipped"}
        states[step.name] = result["state"]
        error = error or (result["error"] if result["state"] == "failed" else "")
    return outcome(torture, states, error, workspace / "work" / "handoff", workspace / "project")
