"""Interpreter, installed packages and git state, as found."""

from __future__ import annotations

import platform
import re
import sys
from functools import lru_cache
from pathlib import Path

from nbmlops.lib.distributions import distributions
from nbmlops.lib.process import output_of
from nbmlops.lib.redact import redact
from nbmlops.model.environment import Environment, GitState, PackageVersion


@lru_cache(maxsize=1)
def environment() -> Environment:
    """What this process could import, once per process."""
    found: dict[str, str] = {}
    for name, version, _ in distributions():
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return Environment(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=platform.platform(),
        packages=tuple(PackageVersion(name, version) for name, version in sorted(found.items())),
    )


def git_state(folder: Path) -> tuple[GitState, bytes] | None:
    """Commit, branch and uncommitted changes of the repository around a folder, with the diff's bytes.

    None outside of a repository or without git. The diff covers tracked files; untracked ones make it dirty.
    """
    status = output_of(
        [
            "git",
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
            "--untracked-files=normal",
            "--",
            ".",
        ],
        folder=folder,
    )
    if status is None:
        return None
    head: dict[str, str] = {}
    dirty = False
    for line in status.decode(errors="replace").splitlines():
        if line.startswith("# "):
            key, _, value = line[2:].partition(" ")
            head[key] = value
        else:
            dirty = True
    commit = head.get("branch.oid", "")
    # Plain, whatever the user's configuration says of colours and viewers.
    command = ["git", "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD", "--", "."]
    diff = output_of(command, folder=folder) if dirty else b""
    remote = output_of(["git", "remote", "get-url", "origin"], folder=folder) or b""
    state = GitState(
        commit="" if commit == "(initial)" else commit,
        branch=head.get("branch.head", ""),
        dirty=dirty,
        remote=redact(remote.decode(errors="replace").strip()),
    )
    return state, redact((diff or b"").decode(errors="replace")).encode()


def git_prefix(folder: Path) -> str:
    """Where a folder lies in its repository, with a slash at the end; empty at its root and outside of one."""
    output = output_of(["git", "rev-parse", "--show-prefix"], folder=folder) or b""
    return output.decode(errors="replace").strip()
