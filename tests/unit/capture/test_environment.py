"""Interpreter and packages as they are; git as a real repository has it."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from nbmlops.capture.environment import environment, git_state
from nbmlops.model.documents import decode, encode
from nbmlops.model.environment import Environment, GitState

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "a.py").write_text("x = 1\n")
    git(folder, "init", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def test_the_environment_is_what_this_process_could_import() -> None:
    found = environment()
    versions = {package.name: package.version for package in found.packages}
    assert found.python == platform.python_version()
    assert versions["msgspec"] == importlib.metadata.version("msgspec")
    assert "pytest-xdist" in versions
    assert list(versions) == sorted(versions)
    assert f"\nmsgspec=={versions['msgspec']}\n" in found.lock()
    assert decode(encode(found), Environment, place="") == found


def test_outside_of_a_repository_there_is_no_state(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None
    assert git_state(tmp_path / "missing") is None


@needs_git
def test_a_clean_repository_has_commit_and_branch(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:hunter2@example.org/repo.git")
    commit = git(repository, "rev-parse", "HEAD")
    expected = GitState(commit=commit, branch="main", remote="https://me:[redacted]@example.org/repo.git")
    assert git_state(repository) == (expected, b"")


@needs_git
def test_changes_are_kept_as_a_plain_diff_without_secrets(repository: Path) -> None:
    git(repository, "config", "color.ui", "always")
    git(repository, "config", "diff.external", "false")
    (repository / "work" / "a.py").write_text('x = 1\npassword = "hunter2"\n')
    found = git_state(repository / "work")
    assert found is not None
    state, diff = found
    assert state.dirty
    lines = diff.decode().splitlines()
    assert lines[0] == "diff --git a/work/a.py b/work/a.py"
    assert lines[-2:] == [" x = 1", '+password = "[redacted]"']


@needs_git
def test_changes_elsewhere_in_the_repository_are_not_ours(repository: Path) -> None:
    (repository / "other.py").write_text("x")
    found, elsewhere = git_state(repository / "work"), git_state(repository)
    assert found is not None
    assert elsewhere is not None
    assert (found[0].dirty, elsewhere[0].dirty) == (False, True)


@needs_git
def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-b", "start")
    (tmp_path / "x").write_text("x")
    assert git_state(tmp_path) == (GitState(branch="start", dirty=True), b"")


@needs_git
def test_a_detached_head_says_so(repository: Path) -> None:
    git(repository, "checkout", "--detach")
    found = git_state(repository)
    assert found is not None
    assert (found[0].branch, len(found[0].commit)) == ("(detached)", 40)


@needs_git
def test_looking_leaves_the_index_alone(repository: Path) -> None:
    (repository / "work" / "a.py").touch()
    before = (repository / ".git" / "index").read_bytes()
    git_state(repository)
    assert (repository / ".git" / "index").read_bytes() == before
