"""A project whose reconcilers have been looked at: its git remote is bare, and one proposal is open there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from nbmlops.model.reconciler import Memory, Place, Proposal
from nbmlops.project import Project
from nbmlops.reconcile.memory import MemoryStore, proposed, told
from nbmlops.reconcile.proposals import Proposals
from nbmlops.reconcile.repository import Repository
from tests.browser.lab import Lab
from tests.browser.notebooks import write
from tests.unit.reconcile.remotes import commit, git

DOCUMENTS = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: wine-train}
spec:
  model: wine
  pipeline: pipelines/wine
  needs:
    any:
      - python: needs/complaints.py:many
      - all:
          - python: needs/complaints.py:some
          - python: needs/complaints.py:of_late
  publish:
    edit: {file: deploy/prod.yaml, pointer: /model/version}
---
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: price-train}
spec:
  model: price
  pipeline: pipelines/wine
  needs:
    any:
      - python: needs/complaints.py:many
      - all:
          - python: needs/complaints.py:some
          - python: needs/complaints.py:of_late
---
apiVersion: nbmlops.dev/v1
kind: Deployer
metadata: {name: wine-deploy}
spec:
  model: wine
  desired: {file: deploy/prod.yaml, pointer: /model/version}
  deployment: wine
"""
NEEDS = '''\
"""What people complain of, a line each."""

from pathlib import Path

COUNT = len(Path("complaints.txt").read_text().splitlines())


def many():
    return COUNT > 20, f"{COUNT} complaints, 20 may be"


def some():
    return COUNT > 2, f"{COUNT} complaints, 2 may be"


def of_late():
    return False, "nobody has complained within the last seven days of what the model says of wines from Portugal"
'''
PLACE = Place(file="deploy/prod.yaml", pointer="/model/version")
BRANCH = "auto-update/wine-train"
BEFORE, NEXT = "1", "2"


def bare_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.git")


def said(folder: Path, branch: str = "main") -> str:
    """The version that the remote's branch says."""
    return git(bare_of(folder), "show", f"{branch}:{PLACE.file}").split('"')[1]


def heads(folder: Path) -> set[str]:
    return set(git(bare_of(folder), "for-each-ref", "--format=%(refname:short)", "refs/heads").split())


def make(folder: Path, lab: Lab) -> None:
    """Nothing is proposed yet, and nobody has looked. A project that is there already is taken as it is."""
    is_there = (folder / ".nbmlops").is_dir()
    git(folder, "init", "--quiet", "--template=", "--bare", "--initial-branch=main", str(bare_of(folder)))
    git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    git(folder, "remote", "add", "origin", str(bare_of(folder)))
    for name, text in (
        ("reconcilers/all.yaml", DOCUMENTS),
        ("needs/complaints.py", NEEDS),
        ("pipelines/wine/README.md", "The steps.\n"),
        ("complaints.txt", "sour\n" * 3),
        ("deploy/prod.yaml", f'model:\n  version: "{BEFORE}"\n'),
    ):
        there = folder / name
        commit(folder, name, there.read_text() if there.exists() else text, name)
    git(folder, "push", "--quiet", "-u", "origin", "main")
    if not is_there:
        write(folder / "work.ipynb", "x = 1")
        lab.nbmlops("init", folder=folder)


def propose(folder: Path) -> Proposal:
    """What a Trainer does when its gate lets version 2 through, without the training."""
    from mlflow import MlflowClient

    project = Project.find(folder)
    uri = project.prepare_tracking()
    client = MlflowClient(uri, registry_uri=uri)
    client.create_registered_model("wine")
    for _ in (BEFORE, NEXT):
        client.create_model_version("wine", source=(folder / "model").as_uri())
    client.set_registered_model_alias("wine", "champion", BEFORE)
    made = Proposals(Repository(folder), PLACE).propose(
        NEXT, branch=BRANCH, title="wine: 1 -> 2", body="Its accuracy is 0.94.", key="key-of-the-attempt"
    )
    store = MemoryStore(project.layout.folder / "reconcile")
    store.folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    memory = Memory(name="wine-train", applied=BEFORE)
    for minutes, kind, message in (
        (9, "began", "python: 31 complaints, 20 may be"),
        (6, "trained", "version 2 of wine"),
        (5, "judged", "accuracy is 0.94, champion 0.91: let through"),
        (4, "proposed", f"2 on {BRANCH}, in place of 1"),
    ):
        memory = told(memory, now - timedelta(minutes=minutes), kind, message, made.key)
    store.save(msgspec.structs.replace(proposed(memory, made), finished=(made.key,)))
    return made


def champion(folder: Path) -> str | None:
    from nbmlops.track.registry import version_of

    return version_of(Project.find(folder).uri, "models:/wine@champion")
