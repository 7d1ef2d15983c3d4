"""What forges answer when they do not do what was asked, and where the token goes.

Against small servers that were written from the documentation (tests/ports/forge_servers.py), not GitHub and GitLab.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from nbmlops.errors import (
    ConflictError,
    DeniedError,
    ExternalError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
    UsageError,
)
from nbmlops.forges.github import GitHub
from nbmlops.forges.gitlab import GitLab
from nbmlops.model.reconciler import ProposalState
from tests.ports.forge_servers import TOKEN, Answer, Asked, ForgeServer, GitHubServer, GitLabServer

BRANCH = "auto-update/wine"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GITHUB_TOKEN", "GITLAB_TOKEN", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NBMLOPS_FORGE_TOKEN", TOKEN)


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    made = GitHubServer()
    yield made
    made.close_server()


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    made = GitLabServer()
    yield made
    made.close_server()


def forge(server: GitHubServer) -> GitHub:
    return GitHub(remote=server.remote, address=server.address)


def opened(server: GitHubServer, title: str = "wine 13") -> str:
    return forge(server).open(branch=BRANCH, target="main", title=title, body="body")


def answering(server: ForgeServer, status: int, headers: dict[str, str] | None = None, body: Any = None) -> None:
    server.instead = lambda asked: (status, headers or {}, body)


def test_what_is_sent_is_what_the_documentation_asks_for(server: GitHubServer) -> None:
    url = opened(server)
    forge(server).merge(url, server.commit())
    asked = [(each.method, each.path, each.query, each.body) for each in server.asked]
    pulls = "/api/v3/repos/team/wine/pulls"
    query = {"head": f"team:{BRANCH}", "base": "main", "state": "open"}
    assert asked == [
        ("GET", pulls, {**query, "sort": "created", "direction": "desc", "per_page": "30"}, None),
        ("POST", pulls, {}, {"title": "wine 13", "head": BRANCH, "base": "main", "body": "body"}),
        ("GET", f"{pulls}/1", {}, None),
        ("PUT", f"{pulls}/1/merge", {}, {"merge_method": "merge", "sha": "b" * 40}),
    ]
    assert server.asked[1].headers["content-type"] == "application/json"


def test_gitlab_is_sent_what_its_documentation_asks_for(gitlab: GitLabServer) -> None:
    lab = GitLab(remote=gitlab.remote, address=gitlab.address, method="squash")
    url = lab.open(branch=BRANCH, target="main", title="wine 13", body="body")
    lab.close(url, "no")
    asked = [(each.method, each.path, each.body) for each in gitlab.asked]
    requests = "/api/v4/projects/team%2Fmodels%2Fwine/merge_requests"
    assert asked == [
        ("GET", requests, None),
        (
            "POST",
            requests,
            {"source_branch": BRANCH, "target_branch": "main", "title": "wine 13", "description": "body"},
        ),
        ("GET", f"{requests}/1", None),
        ("POST", f"{requests}/1/notes", {"body": "no"}),
        ("PUT", f"{requests}/1", {"state_event": "close"}),
    ]


def test_of_two_that_open_at_once_the_second_finds_the_first(server: GitHubServer, gitlab: GitLabServer) -> None:
    for each, made in (
        (server, forge(server)),
        (gitlab, GitLab(remote=gitlab.remote, address=gitlab.address)),
    ):
        each.opened(BRANCH, "main", "wine 13", "body")
        first: Iterator[Answer] = iter([(200, {}, [])])
        # It is not in the list yet when the first look is taken.
        each.instead = lambda asked, first=first: next(first, None)  # type: ignore[misc]
        assert made.open(branch=BRANCH, target="main", title="wine 13", body="body").endswith("/1")
        assert len(each.requests) == 1


def test_a_server_that_does_not_understand_head_is_not_believed(server: GitHubServer) -> None:
    server.branches["other"] = "e" * 40
    server.opened("other", "main", "theirs", "")
    server.instead = lambda asked: (
        (200, {}, [server._document(each) for each in server.requests])
        if asked.method == "GET" and asked.path.endswith("pulls")
        else None
    )
    assert opened(server).endswith("/2")
    assert forge(server).state("auto-update/none") is ProposalState.GONE
    assert server.requests[0].title == "theirs"


def test_a_branch_that_is_not_there_is_told_in_their_words(server: GitHubServer) -> None:
    with pytest.raises(ConflictError, match="does not open a pull request as things are: Validation Failed"):
        forge(server).open(branch="none", target="main", title="t", body="b")


@pytest.mark.parametrize(
    ("status", "headers", "error", "message"),
    [
        (401, {}, DeniedError, "does not let us list pull requests: it is said"),
        (403, {}, DeniedError, "does not let us list pull requests"),
        (404, {}, NotFoundError, "did not find what it takes to list pull requests"),
        (409, {}, ConflictError, "does not list pull requests as things are"),
        (418, {}, ExternalError, r"did not list pull requests \(HTTP 418\)"),
        (500, {}, UnavailableError, r"could not list pull requests now \(HTTP 500\)"),
        (503, {"Retry-After": "7"}, UnavailableError, "Try again in 7 s"),
        (429, {}, UnavailableError, "Try again in a minute"),
        (403, {"Retry-After": "30"}, UnavailableError, "Try again in 30 s"),
        (403, {"X-RateLimit-Remaining": "0"}, UnavailableError, "Try again in a minute"),
        (301, {"Location": "/api/v3/loop"}, ExternalError, "leads in circles"),
        (302, {}, ExternalError, "leads in circles"),
    ],
)
def test_each_refusal_is_an_error_that_says_what_to_do(
    server: GitHubServer, status: int, headers: dict[str, str], error: type[NbmlopsError], message: str
) -> None:
    answering(server, status, headers, {"message": f"it is said {TOKEN}\x1b[31m", "errors": [{"message": "twice"}]})
    with pytest.raises(error, match=message) as caught:
        opened(server)
    assert TOKEN not in f"{caught.value} {caught.value.facts} {caught.value.__cause__!r}"
    assert "\x1b" not in str(caught.value)
    if isinstance(caught.value, UnavailableError):
        assert caught.value.facts["retry_after"] >= 0


def test_a_limit_says_when_it_ends(server: GitHubServer) -> None:
    reset = str(int(time.time()) + 100)
    answering(
        server, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, {"message": "API rate limit exceeded"}
    )
    with pytest.raises(UnavailableError) as caught:
        opened(server)
    assert 50 < caught.value.facts["retry_after"] <= 100
    answering(server, 403, {}, {"message": "You have exceeded a secondary rate limit."})
    with pytest.raises(UnavailableError) as caught:
        opened(server)
    assert caught.value.facts["retry_after"] == 60


def test_the_token_does_not_follow_to_another_host(server: GitHubServer) -> None:
    other = GitHubServer()
    try:
        for status in (301, 302, 303, 307, 308):
            answering(server, status, {"Location": f"{other.address}/repos/team/wine/pulls"})
            with pytest.raises(ExternalError, match="leads to another host"):
                opened(server)
        answering(server, 301, {"Location": server.address.replace("127.0.0.1", "localhost") + "/x"})
        with pytest.raises(ExternalError, match="leads to another host"):
            opened(server)
        assert other.asked == []
    finally:
        other.close_server()


def test_a_repository_that_was_renamed_is_followed_on_the_same_host(server: GitHubServer) -> None:
    def moved(asked: Asked) -> Answer | None:
        if asked.path.startswith("/api/v3/repos/team/old"):
            query = "?" + "&".join(f"{name}={value}" for name, value in asked.query.items())
            return 307, {"Location": asked.path.replace("team/old", "team/wine") + query}, None
        return None

    server.instead = moved
    old = GitHub(remote="https://git.example.org/team/old.git", address=server.address)
    assert old.open(branch=BRANCH, target="main", title="t", body="b").endswith("/pull/1")
    server.instead = lambda asked: (301, {"Location": f"{server.address}/x"}, None) if asked.method == "POST" else None
    server.requests.clear()
    with pytest.raises(ExternalError, match="has moved the repository, and cannot open a pull request"):
        opened(server)


def test_whose_token_it_is(server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBMLOPS_FORGE_TOKEN")
    with pytest.raises(DeniedError, match="GitHub needs a token") as caught:
        opened(server)
    assert caught.value.hint.startswith("Set NBMLOPS_FORGE_TOKEN, or GITHUB_TOKEN")
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with pytest.raises(DeniedError):
        opened(server)
    monkeypatch.setenv("GITHUB_TOKEN", f" {TOKEN}\n")
    opened(server)
    monkeypatch.setenv("NBMLOPS_FORGE_TOKEN", "wrong")
    with pytest.raises(DeniedError, match="Bad credentials"):
        opened(server)
    monkeypatch.setenv("NBMLOPS_FORGE_TOKEN", "two\r\nX-Header: words")
    with pytest.raises(DeniedError, match="What NBMLOPS_FORGE_TOKEN holds is no token") as caught:
        opened(server)
    assert "words" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[" * 50_000, b"\xff", {"number": "1"}, [], 7, {"number": 1, "html_url": None}, b""]
)
def test_an_answer_that_makes_no_sense_is_no_crash(server: GitHubServer, gitlab: GitLabServer, body: Any) -> None:
    for each, made in (
        (server, forge(server)),
        (gitlab, GitLab(remote=gitlab.remote, address=gitlab.address)),
    ):
        answering(each, 200, {}, body)
        with pytest.raises(ExternalError):
            made.open(branch=BRANCH, target="main", title="t", body="b")
        answering(each, 200, {}, [body, 7, None, {"head": 1, "base": []}] if not isinstance(body, bytes) else body)
        if isinstance(body, bytes):
            with pytest.raises(ExternalError):
                made.state(BRANCH)
        else:
            assert made.state(BRANCH) is ProposalState.GONE
        answering(each, 500, {}, body)
        with pytest.raises(UnavailableError):
            made.state(BRANCH)


def test_a_host_that_is_away_may_come_back(server: GitHubServer) -> None:
    away = GitHub(remote=server.remote, address="http://127.0.0.1:1/api")
    with pytest.raises(
        UnavailableError, match=r"GitHub \(127.0.0.1\) cannot be reached to list pull requests"
    ) as caught:
        away.open(branch=BRANCH, target="main", title="t", body="b")
    assert TOKEN not in str(caught.value)


def test_what_is_too_long_is_cut(server: GitHubServer) -> None:
    url = forge(server).open(branch=BRANCH, target="main", title="t" * 1000, body="b" * 100_000)
    title, body, _ = server.said(url)
    assert (len(title), len(body)) == (250, 65_000)


def test_an_address_of_another_repository_is_no_request_of_this_one(server: GitHubServer) -> None:
    for wrong in ("https://git.example.org/team/beer/pull/1", "https://git.example.org/team/wine/issues/1", "x://"):
        with pytest.raises(UsageError, match=r"is no pull request of team/wine"):
            forge(server).state(wrong)
    with pytest.raises(NotFoundError, match=r"did not find what it takes to see a pull request: Not Found"):
        forge(server).state("https://git.example.org/team/wine/pull/7")
    with pytest.raises(NotFoundError, match=r"No pull request of team/wine is for auto-update/wine"):
        forge(server).merge(BRANCH)


def test_a_merge_that_is_not_allowed_says_so(gitlab: GitLabServer) -> None:
    lab = GitLab(remote=gitlab.remote, address=gitlab.address)
    url = lab.open(branch=BRANCH, target="main", title="t", body="b")
    gitlab.instead = lambda asked: (401, {}, {"message": "401 Unauthorized"}) if asked.path.endswith("/merge") else None
    with pytest.raises(DeniedError) as caught:
        lab.merge(url)
    assert caught.value.hint == "The token has to be of somebody who may merge there."
