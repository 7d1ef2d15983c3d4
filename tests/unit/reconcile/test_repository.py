"""What git says at a place, what it said before, and what is remembered there: real git, real bare remotes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nbmlops.errors import (
    ConflictError,
    DeniedError,
    ExternalError,
    MissingDependencyError,
    NbmlopsError,
    NotFoundError,
    StateError,
    UnavailableError,
    UsageError,
)
from nbmlops.model.reconciler import Place
from nbmlops.reconcile.repository import Repository
from tests.unit.reconcile.remotes import PLACE, PROD, Remote, commit, git


def test_the_value_is_the_remotes_and_not_what_lies_in_the_folder(remote: Remote) -> None:
    (remote.work / PLACE.file).write_text("model: {version: 99}\n")
    repository = Repository(remote.work)
    assert repository.value(PLACE) == "12"
    assert repository.target == "main"
    other = remote.clone("other")
    commit(other, PLACE.file, PROD.replace("12", "13"))
    git(other, "push", "--quiet")
    assert repository.value(PLACE) == "12"
    repository.fetch()
    assert repository.value(PLACE) == "13"


def test_a_folder_inside_of_the_repository_sees_the_same(remote: Remote) -> None:
    assert Repository(remote.work / "deploy").value(PLACE) == "12"
    assert Repository(remote.work / "deploy").earlier(PLACE) == ()


def test_nothing_of_the_users_changes_by_looking(remote: Remote) -> None:
    other = remote.clone("other")
    commit(other, PLACE.file, PROD.replace("12", "13"))
    git(other, "push", "--quiet")
    before = git(remote.work, "for-each-ref"), git(remote.work, "status", "--porcelain=v2", "--branch")
    repository = Repository(remote.work)
    repository.fetch()
    assert repository.value(PLACE) == "13"
    assert (git(remote.work, "for-each-ref"), git(remote.work, "status", "--porcelain=v2", "--branch")) == before
    assert not (remote.work / ".git" / "FETCH_HEAD").exists()


def test_what_is_not_there_is_no_value(remote: Remote) -> None:
    repository = Repository(remote.work)
    assert repository.value(Place(file="deploy/none.yaml", pointer="/a")) is None
    assert repository.value(Place(file=PLACE.file, pointer="/model/versions")) is None


@pytest.mark.parametrize(
    "name", ["dépl oy/prod  1.yaml", "deploy/😀 é.yaml", 'a "b"/$c;d.yaml', "-x/--y.yaml", ":(top)a.yaml"]
)
def test_spaces_and_letters_of_any_kind_in_paths(tmp_path: Path, name: str) -> None:
    remote = Remote(tmp_path, place=Place(file=name, pointer="/model/version"))
    remote.push(PROD.replace("12", "13"))
    repository = Repository(remote.work)
    assert repository.value(remote.place) == "13"
    assert repository.earlier(remote.place) == ("12",)


def test_earlier_values_are_told_once_each_time_that_they_were_there(remote: Remote) -> None:
    for version in ("13", "14", "12", "15"):
        remote.push(PROD.replace("12", version))
        remote.push(f"{version}\n", "other.txt")
    remote.push(PROD.replace("12", "15").replace("replicas: 2", "replicas: 3"))
    remote.push("model: [broken\n")
    remote.push(PROD.replace("12", "15"))
    repository = Repository(remote.work)
    assert repository.value(PLACE) == "15"
    assert repository.earlier(PLACE) == ("12", "14", "13", "12")
    assert repository.earlier(PLACE, 2) == ("12", "14")


def test_of_a_merge_only_what_the_branch_itself_said_is_told(remote: Remote) -> None:
    git(remote.work, "switch", "--quiet", "-c", "feature")
    commit(remote.work, PLACE.file, PROD.replace("12", "77"))
    commit(remote.work, PLACE.file, PROD.replace("12", "13"))
    git(remote.work, "switch", "--quiet", "main")
    git(remote.work, "merge", "--quiet", "--no-ff", "-m", "Merge", "feature")
    git(remote.work, "push", "--quiet")
    assert Repository(remote.work).earlier(PLACE) == ("12",)


def test_without_a_remote_the_branch_that_is_checked_out_counts(remote: Remote) -> None:
    git(remote.work, "remote", "remove", "origin")
    commit(remote.work, PLACE.file, PROD.replace("12", "13"))
    repository = Repository(remote.work)
    assert (repository.target, repository.value(PLACE), repository.earlier(PLACE)) == ("main", "13", ("12",))
    git(remote.work, "switch", "--quiet", "--detach")
    with pytest.raises(StateError, match="No branch is checked out here"):
        Repository(remote.work).fetch()
    assert Repository(remote.work, branch="main").value(PLACE) == "13"


def test_the_remote_may_be_a_path_and_the_branch_another(remote: Remote) -> None:
    git(remote.work, "switch", "--quiet", "-c", "prod/eu")
    commit(remote.work, PLACE.file, PROD.replace("12", "20"))
    git(remote.work, "push", "--quiet", "origin", "prod/eu")
    assert Repository(remote.work, str(remote.bare), "prod/eu").value(PLACE) == "20"
    with pytest.raises(NotFoundError, match="has no branch staging") as caught:
        Repository(remote.work, branch="staging").fetch()
    assert "main, prod/eu" in caught.value.hint


def test_a_remote_whose_head_leads_nowhere_has_its_only_branch(remote: Remote) -> None:
    git(remote.bare, "symbolic-ref", "HEAD", "refs/heads/master")
    assert Repository(remote.work).target == "main"
    git(remote.work, "push", "--quiet", "origin", "main:other")
    with pytest.raises(NotFoundError, match="origin does not say which branch is its own") as caught:
        Repository(remote.work).fetch()
    assert "main, other" in caught.value.hint


def test_where_there_is_no_repository_no_commit_and_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is in no git repository"):
        Repository(tmp_path)
    with pytest.raises(NotFoundError, match="There is no folder"):
        Repository(tmp_path / "none")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "empty")
    with pytest.raises(StateError, match="This repository has no commit yet"):
        Repository(tmp_path / "empty").fetch()
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    with pytest.raises(StateError, match=r"empty.git has no commit yet"):
        Repository(tmp_path / "empty", str(tmp_path / "empty.git")).fetch()


def test_a_remote_that_is_away_is_told_so_and_git_too(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(remote.bare, remote.folder / "moved.git")
    with pytest.raises(UnavailableError, match="origin cannot be reached") as caught:
        Repository(remote.work).value(PLACE)
    assert caught.value.hint == "Try it yourself: git ls-remote origin"
    for login in ("somebody:hunter2", "hunter2"):
        with pytest.raises(UnavailableError) as refused:
            Repository(remote.work, f"https://{login}@127.0.0.1:1/team/wine.git").fetch()
        assert "hunter2" not in f"{refused.value} {refused.value.facts}"
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingDependencyError, match="git is not installed"):
        Repository(remote.work)


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ("remote: Repository not found.\nfatal: repository 'https://a/b.git/' not found", NotFoundError, "There is no"),
        ("remote: Invalid username\nfatal: Authentication failed for 'https://a/b'", DeniedError, "does not let us"),
        ("fatal: could not read Username for 'https://a': terminal prompts disabled", DeniedError, "does not let us"),
        ("git@a: Permission denied (publickey).\nfatal: Could not read from remote", DeniedError, "does not let us"),
        ("fatal: unable to access 'https://a/': Could not resolve host: a", UnavailableError, "cannot be reached"),
        ("fatal: something new\x1b[31m", ExternalError, "git fetch has failed: something new"),
        ("", ExternalError, "git fetch has failed: it does not say why"),
    ],
)
def test_what_git_says_is_an_error_that_says_what_to_do(
    remote: Remote, said: str, error: type[NbmlopsError], message: str
) -> None:
    found = Repository(remote.work).git.refusal("fetch", said, "origin")
    assert type(found) is error
    assert message in found.message
    assert found.message.isprintable()


@pytest.mark.parametrize("wrong", ["ext::sh -c 'touch PWNED'", "--upload-pack=touch PWNED", "-x", "fd::17"])
def test_a_remote_that_would_be_a_command_is_refused(remote: Remote, wrong: str) -> None:
    with pytest.raises(UsageError, match="is no remote"):
        Repository(remote.work, wrong.replace("PWNED", str(remote.folder / "pwned")))
    git(remote.work, "remote", "add", "evil", f"ext::touch {remote.folder}/pwned")
    with pytest.raises(UsageError, match="The remote evil is refused"):
        Repository(remote.work, "evil").fetch()
    git(remote.work, "remote", "set-url", "evil", "http://127.0.0.1:1/a.git")
    with pytest.raises(UsageError, match="The remote evil is refused"):
        Repository(remote.work, "evil").fetch()
    assert not (remote.folder / "pwned").exists()


@pytest.mark.parametrize("name", ["-d", "a..b", "a b", "a/.b", "a.lock", "@", "a^", "refs//x", "a\n", "a@{1}"])
def test_names_that_are_no_branch_are_refused(remote: Remote, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a branch"):
        Repository(remote.work, branch=name)


@pytest.mark.parametrize("path", ["../a.yaml", "/etc/passwd", ".git/config", "a/.GIT/x", "", "a//b", "a\\b", "a\nb"])
def test_paths_that_leave_the_repository_are_refused(remote: Remote, path: str) -> None:
    with pytest.raises(UsageError, match="is no file in a repository"):
        Repository(remote.work).value(Place(file=path, pointer="/a"))


def test_links_folders_and_bytes_are_refused(remote: Remote) -> None:
    (remote.work / "link.yaml").symlink_to("/etc/passwd")
    (remote.work / "linked").symlink_to("deploy")
    (remote.work / "latin.yaml").write_bytes("a: größe\n".encode("latin-1"))
    git(remote.work, "add", "-A")
    git(remote.work, "commit", "--quiet", "-m", "odd")
    git(remote.work, "push", "--quiet")
    repository = Repository(remote.work)
    for path, why in (
        ("link.yaml", "it is a symbolic link"),
        ("linked/prod.yaml", "linked is a symbolic link"),
        ("deploy", "it is a folder"),
        ("latin.yaml", "it is not UTF-8"),
    ):
        with pytest.raises(UsageError, match=f"{path} cannot be edited: {why}"):
            repository.value(Place(file=path, pointer="/a"))


def test_no_hook_and_no_setting_of_the_repository_runs_anything(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = remote.folder / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {remote.folder}/pwned\n")
    trap.chmod(0o755)
    (remote.work / ".git" / "hooks").mkdir()
    for hook in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        shutil.copy(trap, remote.work / ".git" / "hooks" / hook)
    git(remote.work, "config", "core.fsmonitor", str(trap))
    git(remote.work, "config", "core.pager", str(trap))
    monkeypatch.setenv("GIT_DIR", str(remote.folder / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(remote.folder / "index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    repository = Repository(remote.work)
    repository.remember("wine", b"{}")
    assert remote.proposals().propose("13", branch="auto-update/a", title="t", body="b", key="k").value == "13"
    assert not (remote.folder / "pwned").exists()
    assert not (remote.folder / "index").exists()


def test_what_is_remembered_goes_on_in_a_fresh_clone(remote: Remote) -> None:
    first = Repository(remote.work)
    assert first.recall("wine") is None
    first.remember("wine", b'{"a": 1}')
    first.remember("wine", b'{"a": 2}')
    second = Repository(remote.clone("other"))
    assert second.recall("wine") == b'{"a": 2}'
    assert second.recall("beer") is None
    second.remember("wine", b'{"a": 3}')
    with pytest.raises(ConflictError, match="Somebody else has written what is remembered of wine"):
        first.remember("wine", b'{"a": 4}')
    assert first.recall("wine") == b'{"a": 3}'
    first.remember("wine", b'{"a": 4}')
    assert Repository(remote.work).recall("wine") == b'{"a": 4}'
    # One commit only, however often it was written.
    assert git(remote.bare, "rev-list", "--count", "refs/nbmlops/reconcile/wine") == "1"
    assert "nbmlops" not in git(remote.work, "branch", "--all")


def test_a_name_that_git_would_not_take_is_remembered_too(remote: Remote) -> None:
    repository = Repository(remote.work)
    for name in ("../x", "a b", "größe", "-d"):
        repository.remember(name, name.encode())
        assert repository.recall(name) == name.encode()


def test_without_a_remote_it_is_remembered_here(remote: Remote) -> None:
    git(remote.work, "remote", "remove", "origin")
    first, second = Repository(remote.work), Repository(remote.work)
    second.fetch()
    first.remember("wine", b"1")
    with pytest.raises(ConflictError, match="Somebody else"):
        second.remember("wine", b"2")
    assert second.recall("wine") == b"1"
    second.remember("wine", b"2")
    assert first.recall("wine") == b"2"


def test_a_remote_that_takes_nothing_says_so(remote: Remote) -> None:
    (remote.bare / "hooks").mkdir()
    hook = remote.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(DeniedError, match="origin does not take what is pushed") as caught:
        Repository(remote.work).remember("wine", b"1")
    assert "main is protected" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_somebody_else_is_not_trusted(remote: Remote) -> None:
    for path in (remote.work, *remote.work.rglob("*")):
        os.chown(path, 12345, 12345)
    with pytest.raises(DeniedError, match="git does not trust the repository") as caught:
        Repository(remote.work)
    assert "safe.directory" in caught.value.hint
