"""Which repository of which host a remote is, and to whom a token may go."""

from __future__ import annotations

import pytest

from nbmlops.errors import UsageError
from nbmlops.forges.github import GitHub
from nbmlops.forges.gitlab import GitLab
from nbmlops.forges.hosted import Hosted, hosted


def of(remote: str, *, repository: str = "", address: str = "") -> Hosted:
    own = {"own_host": "github.com", "own_address": "https://api.github.com"}
    return hosted("GitHub", remote=remote, repository=repository, address=address, **own)


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/team/wine.git",
        "https://github.com/team/wine",
        "https://somebody:secret@github.com/team/wine.git",
        "https://GitHub.com/team/wine/",
        "git@github.com:team/wine.git",
        "github.com:team/wine.git",
        "ssh://git@github.com/team/wine.git",
        "ssh://git@ssh.github.com:443/team/wine.git",
    ],
)
def test_remotes_as_people_write_them(remote: str) -> None:
    assert of(remote) == Hosted(address="https://api.github.com", repository="team/wine")


def test_another_host_is_spoken_to_only_where_its_address_is_named() -> None:
    for remote in (
        "https://git.example.org/team/wine.git",
        "git@github.com.evil.org:team/wine",
        "https://evilgithub.com/a/b",
    ):
        with pytest.raises(UsageError, match=r"is not github.com") as caught:
            of(remote)
        assert caught.value.hint.startswith("Name the address of its API")
    found = of("https://git.example.org/team/wine.git", address="https://git.example.org/api/v3/")
    assert found == Hosted(address="https://git.example.org/api/v3", repository="team/wine")
    found = of("/srv/wine.git", address="https://git.example.org/api/v3", repository="team/wine")
    assert found.repository == "team/wine"


@pytest.mark.parametrize(
    "address",
    [
        "http://git.example.org/api",
        "ftp://git.example.org",
        "git.example.org",
        "https://",
        "https://me:secret@git.example.org",
        "https://git.example.org/?a=b",
        "http://localhost.example.org",
    ],
)
def test_a_token_is_not_sent_where_others_could_read_it(address: str) -> None:
    with pytest.raises(UsageError, match="is not one of https") as caught:
        of("git@git.example.org:team/wine.git", address=address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "remote", ["/srv/wine.git", "../wine.git", "https://github.com/", "https://github.com/a/../b", ""]
)
def test_a_remote_that_names_no_repository_is_told(remote: str) -> None:
    with pytest.raises(UsageError, match="does not say which repository of GitHub it is"):
        of(remote)


def test_github_has_owners_gitlab_has_groups_in_groups() -> None:
    with pytest.raises(UsageError, match="is no repository of GitHub"):
        GitHub(remote="https://github.com/a/b/c")
    GitLab(remote="https://gitlab.com/a/b/c.git")
    with pytest.raises(UsageError, match="GitHub does not merge by 'octopus'"):
        GitHub(remote="https://github.com/a/b", method="octopus")
    with pytest.raises(UsageError, match="GitLab does not merge by 'rebase'"):
        GitLab(remote="https://gitlab.com/a/b", method="rebase")
