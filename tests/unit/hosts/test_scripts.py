"""The lines of shell that pods run, run in a real shell with a real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nbmlops.hosts.pods import environment
from nbmlops.hosts.scripts import CHECKOUT, TICK, TICK_IN_PROJECT
from tests.unit.hosts.examples import HOSTED

AUTHOR = {"GIT_AUTHOR_NAME": "Somebody", "GIT_AUTHOR_EMAIL": "a@b.example", "GIT_COMMITTER_NAME": "Somebody",
          "GIT_COMMITTER_EMAIL": "a@b.example"}  # fmt: skip


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env={**os.environ, **AUTHOR}
    )
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "config.yaml").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", text.strip())
    git(folder, "push", "-q", "origin", "main")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Somebody's clone of the repository `origin.git`."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git")], check=True)
    folder = tmp_path / "people"
    subprocess.run(["git", "clone", "-q", str(tmp_path / "origin.git"), str(folder)], check=True, capture_output=True)
    git(folder, "checkout", "-qb", "main")
    (folder / ".gitignore").write_text(".nbmlops/\n")
    commit(folder, "version: 1\n")
    return folder


def check_out(tmp_path: Path, branch: str = "main") -> subprocess.CompletedProcess[str]:
    (tmp_path / "home").mkdir(exist_ok=True)
    values = {"PROJECT": str(tmp_path / "project"), "REPOSITORY": str(tmp_path / "origin.git"), "BRANCH": branch,
              "HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], **AUTHOR}  # fmt: skip
    return subprocess.run(["sh", "-c", CHECKOUT], env=values, capture_output=True, text=True, check=False)


def test_a_checkout_follows_git_and_keeps_what_is_remembered(people: Path, tmp_path: Path) -> None:
    assert check_out(tmp_path).returncode == 0
    project = tmp_path / "project"
    (project / ".nbmlops").mkdir()
    (project / ".nbmlops" / "memory").write_text("7")
    head = commit(people, "version: 2\n")
    (project / "config.yaml").write_text("somebody's edit in the pod\n")
    assert check_out(tmp_path).returncode == 0
    assert (project / "config.yaml").read_text() == "version: 2\n"
    assert (project / ".nbmlops" / "memory").read_text() == "7"
    assert git(project, "rev-parse", "HEAD") == head
    assert git(project, "branch", "--show-current") == "main"
    assert git(project, "config", "user.name") == "Somebody"


def test_a_history_that_was_written_anew_is_followed(people: Path, tmp_path: Path) -> None:
    assert check_out(tmp_path).returncode == 0
    git(people, "commit", "-q", "--amend", "-m", "another past")
    git(people, "push", "-q", "--force", "origin", "main")
    assert check_out(tmp_path).returncode == 0
    assert git(tmp_path / "project", "rev-parse", "HEAD") == git(people, "rev-parse", "HEAD")


def test_a_clone_that_was_interrupted_is_made_again(people: Path, tmp_path: Path) -> None:
    half = tmp_path / "project.new"
    half.mkdir()
    (half / "half").write_text("x")
    assert check_out(tmp_path).returncode == 0
    assert not half.exists()
    assert (tmp_path / "project" / "config.yaml").exists()


def test_a_file_with_the_name_of_the_branch_is_no_trouble(people: Path, tmp_path: Path) -> None:
    (people / "main").write_text("a file\n")
    commit(people, "version: 3\n")
    for _ in range(2):
        assert check_out(tmp_path).returncode == 0


def test_a_branch_that_is_not_there_fails_and_leaves_what_was_there(people: Path, tmp_path: Path) -> None:
    assert check_out(tmp_path, "nothing").returncode != 0
    assert not (tmp_path / "project").exists()
    assert check_out(tmp_path).returncode == 0
    assert check_out(tmp_path, "nothing").returncode != 0
    assert (tmp_path / "project" / "config.yaml").read_text() == "version: 1\n"


@pytest.mark.parametrize(("code", "left"), [(0, 0), (10, 0), (20, 20), (1, 1), (139, 139)])
def test_a_tick_that_has_done_something_went_well(code: int, left: int) -> None:
    assert subprocess.run(["sh", "-c", TICK, "tick", "sh", "-c", f"exit {code}"], check=False).returncode == left


def test_a_tick_without_its_project_fails(tmp_path: Path) -> None:
    values = {"PROJECT": str(tmp_path / "nothing"), "PATH": os.environ["PATH"]}
    assert subprocess.run(["sh", "-c", TICK_IN_PROJECT, "tick", "true"], env=values, check=False).returncode == 1


@pytest.mark.parametrize(
    ("given", "username"),
    [
        ({"GIT_PASSWORD": "p w%s$HOME'\"", "GIT_USERNAME": "robot"}, "robot"),
        ({"GIT_PASSWORD": "p w%s$HOME'\""}, "oauth2"),
    ],
)
def test_git_is_told_the_password_of_the_secret(given: dict[str, str], username: str, tmp_path: Path) -> None:
    plain = {each["name"]: each["value"] for each in environment(HOSTED) if "value" in each}
    values = {**{name: plain[name] for name in plain if name.startswith("GIT_")}, **given}
    said = subprocess.run(
        ["git", "credential", "fill"], input="protocol=https\nhost=git.example\n\n", text=True, capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **values}, check=True,
    ).stdout  # fmt: skip
    assert f"username={username}\npassword={given['GIT_PASSWORD']}\n" in said


def test_git_without_a_secret_asks_nobody(tmp_path: Path) -> None:
    plain = {each["name"]: each["value"] for each in environment(HOSTED) if "value" in each}
    done = subprocess.run(
        ["git", "credential", "fill"], input="protocol=https\nhost=git.example\n\n", text=True, capture_output=True,
        env={"PATH": os.environ["PATH"], **plain, "HOME": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "terminal prompts disabled" in done.stderr
