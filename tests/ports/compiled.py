"""Runs what compilers write: Kubeflow's by its SDK's own runner, Tekton's by following the documents word by word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from nbmlops import plugins
from nbmlops.model.pipeline import Pipeline
from nbmlops.ports import Target
from tests.ports.tekton_follower import STEP_SECONDS, Follower
from tests.ports.torture import Outcome, Torture, laid_out, outcome

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
    params = {each["name"]: each["value"] for each in run["params"]}
    params |= {name: str(value) for name, value in torture.values.items()}
    base = project.parent / "tekton"
    Follower(spec, params, base, name="run-1", tasks=tasks).follow()
    return _outcome(torture, pipeline, base / "run-1")


def _outcome(torture: Torture, pipeline: Pipeline, workspace: Path) -> Outcome:
    states, error = {}, ""
    for step in pipeline.steps:
        path = workspace / "work" / "results" / f"{step.name}.json"
        result = json.loads(path.read_text()) if path.is_file() else {"state": "skipped"}
        states[step.name] = result["state"]
        error = error or (result["error"] if result["state"] == "failed" else "")
    return outcome(torture, states, error, workspace / "work" / "handoff", workspace / "project")
