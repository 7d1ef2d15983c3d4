"""GitHub and GitLab against the suite of their port, and one that another package brings.

They speak to small servers that were written from the documentation of both (forge_servers.py), not to the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops import plugins
from nbmlops.errors import NotFoundError
from nbmlops.forges.github import GitHub
from nbmlops.forges.gitlab import GitLab
from nbmlops.model.reconciler import ProposalState
from nbmlops.ports import Forge
from nbmlops.testing.forge_suite import ForgeSuite, People
from tests.installed import offer
from tests.ports.forge_servers import TOKEN, GitHubServer, GitLabServer


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBMLOPS_FORGE_TOKEN", TOKEN)


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    server = GitHubServer()
    yield server
    server.close_server()


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    server = GitLabServer()
    yield server
    server.close_server()


class TestGitHub(ForgeSuite):
    @pytest.fixture
    def forge(self, github: GitHubServer) -> Forge:
        return GitHub(remote=github.remote, address=github.address)

    @pytest.fixture
    def people(self, github: GitHubServer) -> People:
        return github


class TestGitLab(ForgeSuite):
    @pytest.fixture
    def forge(self, gitlab: GitLabServer) -> Forge:
        return GitLab(remote=gitlab.remote, address=gitlab.address)

    @pytest.fixture
    def people(self, gitlab: GitLabServer) -> People:
        return gitlab


class Desk:
    """As somebody else may write one: requests are sheets of paper."""

    def __init__(self, *, remote: str = "") -> None:
        self.sheets: list[dict[str, str]] = []
        self.head = "b" * 40
        self.comments: list[list[str]] = []

    def open(self, *, branch: str, target: str, title: str, body: str) -> str:
        if self.sheets and self.sheets[-1]["branch"] == branch and self.sheets[-1]["state"] == "open":
            self.sheets[-1].update(title=title, body=body)
        else:
            self.sheets.append({"branch": branch, "title": title, "body": body, "state": "open"})
            self.comments.append([])
        return f"https://desk.example.org/{len(self.sheets) - 1}"

    def state(self, request: str) -> ProposalState:
        number = self._number(request)
        return ProposalState.GONE if number is None else ProposalState(self.sheets[number]["state"])

    def close(self, request: str, why: str = "") -> None:
        number = self._known(request)
        if self.sheets[number]["state"] == "merged":
            raise _conflict("The sheet is merged, and cannot be closed.")
        if self.sheets[number]["state"] == "open":
            self.sheets[number]["state"] = "rejected"
            self.comments[number] += [why] if why else []

    def merge(self, request: str, commit: str = "") -> None:
        number = self._known(request)
        if self.sheets[number]["state"] == "rejected":
            raise _conflict("The sheet is closed, and cannot be merged.")
        if commit and commit != self.head:
            raise _conflict("The branch has moved.")
        self.sheets[number]["state"] = "merged"

    def said(self, url: str) -> tuple[str, str, tuple[str, ...]]:
        number = self._known(url)
        return self.sheets[number]["title"], self.sheets[number]["body"], tuple(self.comments[number])

    def commit(self) -> str:
        return self.head

    def push(self) -> str:
        self.head = "c" * 40
        return self.head

    def _known(self, request: str) -> int:
        number = self._number(request)
        if number is None:
            raise NotFoundError("There is no such sheet.", kind="sheet-missing")
        return number

    def _number(self, request: str) -> int | None:
        if "://" in request:
            number = request.removeprefix("https://desk.example.org/")
            if not number.isdecimal() or int(number) >= len(self.sheets):
                raise NotFoundError("There is no such sheet.", kind="sheet-missing")
            return int(number)
        found = [number for number, sheet in enumerate(self.sheets) if sheet["branch"] == request]
        return found[-1] if found else None


def _conflict(why: str) -> Exception:
    from nbmlops.errors import ConflictError

    return ConflictError(why, kind="sheet-conflict")


class TestDesk(ForgeSuite):
    @pytest.fixture
    def forge(self) -> Forge:
        return Desk()

    @pytest.fixture
    def people(self, forge: Desk) -> People:
        return forge


def test_ours_and_one_that_a_package_brings_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plugins.load(plugins.FORGES, "github") is GitHub
    assert plugins.load(plugins.FORGES, "gitlab") is GitLab
    offer(tmp_path / "site", monkeypatch, "desk", f"[{plugins.FORGES}]\ndesk = {__name__}:Desk\n")
    assert isinstance(plugins.load(plugins.FORGES, "desk")(remote="x"), Desk)
    with pytest.raises(NotFoundError, match="There is no forge 'gitlub'"):
        plugins.load(plugins.FORGES, "gitlub")
