"""The whole circle on one machine: a model that labels issues, kept fresh through git.

    python article.py FOLDER         a new folder: a project, a bare git remote beside it, a deployment on this machine

The first version is trained, let through by the gate, proposed, agreed to and deployed. Then people write in words that
it does not know, and correct it. That makes it stale: it is trained anew, proposed, agreed to, and answers; the merge is
taken back, and the version before answers again. What was started is stopped in the end.

Needs nbmlops, scikit-learn, pandas and git.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ASKED = 90


class Project:
    """A folder, and the commands that people type there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, allowed: tuple[int, ...] = (0,), quiet: bool = False) -> str:
        """Shown as it would be typed."""
        shown = " ".join(f"'{part}'" if " " in part else part for part in command)
        if not quiet:
            print(f"\n$ {shown}", flush=True)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if not quiet:
            print(done.stdout.rstrip(), flush=True)
        if done.returncode not in allowed:
            raise SystemExit(f"{shown} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def nbmlops(self, *words: str, allowed: tuple[int, ...] = (0,), quiet: bool = False) -> str:
        if quiet:
            return self.run(sys.executable, "-m", "nbmlops", *words, allowed=allowed, quiet=True)
        print(f"\n$ nbmlops {' '.join(words)}", flush=True)
        told = self.run(sys.executable, "-m", "nbmlops", *words, allowed=allowed, quiet=True)
        print(told.rstrip(), flush=True)
        return told


class Service:
    """The deployment, as its callers see it."""

    def __init__(self, project: Project) -> None:
        found = json.loads(project.nbmlops("deployments", "labels", "--json", quiet=True))["deployments"][0]
        self._address = found["address"]
        self._token = (project.folder / found["token_file"]).read_text().strip()

    def labels(self, titles: list[str], name: str) -> list[str]:
        answer = self._post(
            "/invocations", {"dataframe_split": {"columns": ["title"], "data": [[title] for title in titles]}}, name
        )
        return list(answer["predictions"])

    def correct(self, name: str, labels: list[str]) -> None:
        rows = [{"request": name, "row": row, "label": label} for row, label in enumerate(labels)]
        self._post("/labels", {"labels": rows}, "")

    def _post(self, path: str, document: object, name: str) -> dict:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        if name:
            headers["X-Request-Id"] = name
        request = urllib.request.Request(self._address + path, json.dumps(document).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def main(folder: Path) -> None:
    project = set_up(folder)
    say("The first version")
    project.nbmlops("reconcile", "labels-train", allowed=(10,))
    project.nbmlops("approve", "labels-train")
    project.nbmlops("reconcile", "labels-deploy", allowed=(10,))
    try:
        first = known(project, "first")
        say(
            f"People write about the new sidebar: {first:.0%} of their issues get the right label. They correct the rest"
        )
        project.nbmlops("corrections", "labels", "data/corrections.csv")
        project.run("git", "pull", "--quiet", quiet=True)
        project.run("git", "commit", "--quiet", "--message", "What people have corrected", "data/corrections.csv")
        project.run("git", "push", "--quiet")
        began = time.monotonic()
        circle(project, first)
        print(f"\nFrom stale to the old version again: {time.monotonic() - began:.0f} s.")
    finally:
        project.nbmlops("undeploy", "labels", allowed=(0, 1, 2, 3, 4))


def circle(project: Project, first: float) -> None:
    say("That makes it stale")
    project.nbmlops("reconcile", "labels-train", "--dry-run")
    say("It is trained anew, passes the gate, and is proposed on a branch")
    project.nbmlops("reconcile", "labels-train", allowed=(10,))
    project.run("git", "fetch", "--quiet")
    project.run("git", "log", "-1", "--format=%s%n%n%b", "origin/auto-update/labels-train")
    say("Somebody agrees: the merge is the deployment")
    project.nbmlops("approve", "labels-train")
    project.nbmlops("reconcile", allowed=(10,))
    second = known(project, "second")
    print(f"\nNow {second:.0%} of such issues get the right label.")
    assert second > first, "the second version has learned nothing"
    say("The merge is taken back: the version before answers again, and stays")
    project.run("git", "pull", "--quiet")
    project.run("git", "revert", "--no-edit", "HEAD")
    project.run("git", "push", "--quiet")
    project.nbmlops("reconcile", allowed=(10,))
    third = known(project, "third")
    print(f"\nAs at first, {third:.0%} of such issues get the right label.")
    assert third == first, "another version answers than the first one"
    project.nbmlops("reconcilers", "labels-train")


def set_up(folder: Path) -> Project:
    """The example's files, a project, and a bare repository that stands for the team's git server."""
    folder.mkdir(parents=True)
    for name in ("make_issues.py", "label-issues.ipynb", "gate.yaml", "reconcilers", "deploy"):
        copy = shutil.copytree if (HERE / name).is_dir() else shutil.copy
        copy(HERE / name, folder / name)
    project = Project(folder)
    remote = folder.parent / f"{folder.name}.git"
    project.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote), quiet=True)
    project.run("git", "init", "--quiet", "--initial-branch=main", quiet=True)
    for name, value in (("user.name", "nbmlops"), ("user.email", "nbmlops@localhost")):
        project.run("git", "config", name, value, quiet=True)
    project.run("git", "remote", "add", "origin", str(remote), quiet=True)
    project.run(sys.executable, "make_issues.py", quiet=True)
    say("A notebook becomes a pipeline")
    project.nbmlops("init", ".", quiet=True)
    project.nbmlops("export", "label-issues.ipynb")
    project.run("git", "add", "--all", quiet=True)
    project.run("git", "commit", "--quiet", "--message", "A model that labels issues", quiet=True)
    project.run("git", "push", "--quiet", "--set-upstream", "origin", "main", quiet=True)
    return project


def known(project: Project, name: str) -> float:
    """The share of new issues that get the right label; people correct all of them."""
    sys.path.insert(0, str(HERE))
    from make_issues import issues

    asked = issues(ASKED, seed=5, share_of_news=1.0)
    service = Service(project)
    said = service.labels([title for title, _ in asked], name)
    if name == "first":
        service.correct(name, [label for _, label in asked])
    return sum(one == label for one, (_, label) in zip(said, asked, strict=True)) / ASKED


def say(what: str) -> None:
    print(f"\n\n{what}.\n{'-' * (len(what) + 1)}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).absolute())
