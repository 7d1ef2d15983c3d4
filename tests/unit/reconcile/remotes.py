"""A bare repository, and clones of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nbmlops.model.reconciler import Place, Proposal
from nbmlops.reconcile.proposals import Proposals
from nbmlops.reconcile.repository import Repository

PROD = "# what runs\r\nmodel:\r\n  version: '12'  # kept\r\n  replicas: 2\r\n"
PLACE = Place(file="deploy/prod.yaml", pointer="/model/version")
BRANCH = "auto-update/wine"
_WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgSign=false")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "--literal-pathspecs", *_WHO, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout.decode().rstrip("\n")


def commit(folder: Path, path: str, text: str, message: str = "A change") -> str:
    """Of one file, in the checked out branch."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(text.encode())
    git(folder, "add", "--", path)
    git(folder, "commit", "--quiet", "-m", message)
    return git(folder, "rev-parse", "HEAD")


class Remote:
    """A bare repository with one file, and a clone of it that somebody works in."""

    def __init__(self, folder: Path, text: str = PROD, place: Place = PLACE) -> None:
        self.folder = folder
        self.place = place
        self.bare = folder / "remote.git"
        self.work = folder / "work"
        if self.bare.exists():
            return
        git(folder, "init", "--quiet", "--template=", "--bare", "--initial-branch=main", str(self.bare))
        git(folder, "init", "--quiet", "--template=", "--initial-branch=main", str(self.work))
        git(self.work, "remote", "add", "origin", "../remote.git")
        commit(self.work, "other.txt", "one\n", "The first")
        commit(self.work, place.file, text, "What runs")
        git(self.work, "push", "--quiet", "-u", "origin", "main")

    def clone(self, name: str) -> Path:
        git(self.folder, "clone", "--quiet", "--template=", str(self.bare), name)
        return self.folder / name

    def proposals(self, folder: Path | None = None) -> Proposals:
        return Proposals(Repository(folder or self.work), self.place)

    def at(self, branch: str, path: str = "") -> str:
        """What a file holds there."""
        return git(self.bare, "show", f"{branch}:{path or self.place.file}")

    def heads(self) -> set[str]:
        return set(git(self.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads").split())

    def push(self, text: str, path: str = "", message: str = "A change") -> str:
        """Somebody changes the target."""
        git(self.work, "pull", "--quiet", "--ff-only")
        made = commit(self.work, path or self.place.file, text, message)
        git(self.work, "push", "--quiet")
        return made


def proposed(proposals: Proposals, value: str = "13", key: str = "key1", branch: str = BRANCH) -> Proposal:
    return proposals.propose(value, branch=branch, title=f"wine {value}", body="It is better.", key=key)


def user_state(folder: Path) -> tuple[str, ...]:
    return tuple(
        git(folder, *asked)
        for asked in (("status", "--porcelain=v2"), ("for-each-ref",), ("worktree", "list"), ("symbolic-ref", "HEAD"))
    )
