"""A project whose model is quick to train, with a bare git remote beside it, and a Trainer and a Deployer of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Terminal, write
from tests.unit.reconcile.remotes import git

NOTEBOOK = """
# %%
import time
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression

rows = pd.read_csv("data/rows.csv")
trouble = Path("data/trouble.txt").read_text().strip()
if trouble == "fails":
    raise ValueError("no luck today")
if trouble == "slow":
    Path("data/began.txt").write_text("yes")
    time.sleep(600)
model = LogisticRegression()
model.fit(rows[["x"]], rows["kind"])
"""
TRAINER = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: kinds-train}
spec:
  model: kinds
  pipeline: pipelines/kinds
  retryInterval: 1s
  maxAttempts: 2
  needs: {any: [{dataChanged: {data: data/rows.csv}}, {codeChanged: true}]}
"""
GATE = "  gate: {file: gate.yaml, data: data/holdout.csv, target: kind}\n"
PUBLISH = "  publish:\n    edit: {file: deploy/prod.yaml, pointer: /model/version}\n"
DEPLOYER = """\
apiVersion: nbmlops.dev/v1
kind: Deployer
metadata: {name: kinds-deploy}
spec:
  model: kinds
  retryInterval: 1s
  maxAttempts: 2
  desired: {file: deploy/prod.yaml, pointer: /model/version}
  deployment: kinds
"""


class Team:
    """A working folder, the remote, and commands."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.work = folder / "work"
        self.bare = folder / "remote.git"
        self.terminal = Terminal(self.work, variables)

    def document(self, *texts: str) -> None:
        (self.work / "reconcilers").mkdir(exist_ok=True)
        (self.work / "reconcilers" / "kinds.yaml").write_text("---\n".join(texts))

    def reconcile(self, *words: str, code: int = 0) -> dict[str, Any]:
        """What the only one that was looked at came to."""
        found = self.reconciled(*words, code=code)
        assert len(found["ran"]) == 1, found
        ran: dict[str, Any] = found["ran"][0]
        return ran

    def reconciled(self, *words: str, code: int = 0) -> dict[str, Any]:
        done = self.terminal.nbmlops("reconcile", *words, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def remembered(self, name: str = "kinds-train") -> dict[str, Any]:
        found: dict[str, Any] = self.terminal.good("reconcilers", name)["reconcilers"][0]
        return found

    def versions(self) -> dict[str, dict[str, str]]:
        """Tags by version."""
        from mlflow import MlflowClient

        client = self._client(MlflowClient)
        return {str(each.version): dict(each.tags) for each in client.search_model_versions("name='kinds'")}

    def aliases(self) -> dict[str, str]:
        from mlflow import MlflowClient

        return {name: str(v) for name, v in self._client(MlflowClient).get_registered_model("kinds").aliases.items()}

    def wanted(self, version: str) -> None:
        """Git says this version."""
        git(self.work, "pull", "--quiet")
        (self.work / "deploy" / "prod.yaml").write_text(f'model:\n  version: "{version}"\n')
        git(self.work, "commit", "--quiet", "-am", f"Version {version}")
        git(self.work, "push", "--quiet")

    def said(self) -> str:
        return git(self.bare, "show", "main:deploy/prod.yaml")

    def _client(self, kind: Any) -> Any:
        from nbmlops.project import Project

        return kind(Project(self.work).prepare_tracking())


def template(folder: Path, variables: dict[str, str]) -> Path:
    """Nothing was run in it yet."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(folder, "init", "--quiet", "--initial-branch=main", "work")
    work = folder / "work"
    for name, value in (("user.name", "Somebody"), ("user.email", "somebody@example.org")):
        git(work, "config", name, value)
    git(work, "remote", "add", "origin", "../remote.git")
    for path, text in {
        "data/rows.csv": table(40),
        "data/holdout.csv": table(20),
        "data/trouble.txt": "none\n",
        "gate.yaml": "metrics: {accuracy: {min: 0.9}}\n",
        "deploy/prod.yaml": 'model:\n  version: "0"\n',
    }.items():
        (work / path).parent.mkdir(exist_ok=True)
        (work / path).write_text(text)
    write(work, "kinds.ipynb", NOTEBOOK)
    terminal = Terminal(work, variables)
    terminal.good("init")
    terminal.good("export", "kinds.ipynb", "--no-verify")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "The first")
    git(work, "push", "--quiet", "-u", "origin", "main")
    return folder


def table(count: int) -> str:
    return "x,kind\n" + "".join(f"{number % 2 * 5 + number / 100},{number % 2}\n" for number in range(count))


def copied(made: Path, folder: Path, variables: dict[str, str]) -> Team:
    for name in ("work", "remote.git"):
        shutil.copytree(made / name, folder / name, symlinks=True)
    return Team(folder, variables)


def branches(bare: Path) -> set[str]:
    done = subprocess.run(
        ["git", "-C", str(bare), "for-each-ref", "--format=%(refname:short)", "refs/heads"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())
