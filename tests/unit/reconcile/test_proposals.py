"""Proposals are made, found again and made anew: real git, real bare remotes."""

from __future__ import annotations

import threading

import msgspec
import pytest

from nbmlops.errors import NotFoundError, StateError, UsageError
from nbmlops.model.reconciler import Place, ProposalState
from nbmlops.reconcile.proposals import Proposals
from nbmlops.reconcile.repository import Repository
from tests.unit.reconcile.remotes import BRANCH, PLACE, PROD, Remote, git, proposed, user_state

OPEN, MERGED, REJECTED, GONE = (
    ProposalState.OPEN,
    ProposalState.MERGED,
    ProposalState.REJECTED,
    ProposalState.GONE,
)
NEXT = PROD.replace("12", "13")


def test_a_proposal_is_one_commit_on_top_that_changes_one_value(remote: Remote) -> None:
    (remote.work / "untracked").write_text("mine")
    (remote.work / PLACE.file).write_text("model: {version: mine}\n")
    before = user_state(remote.work)
    made = proposed(remote.proposals())
    assert (made.value, made.before, made.branch, made.title, made.key) == ("13", "12", BRANCH, "wine 13", "key1")
    assert git(remote.bare, "rev-parse", f"{BRANCH}^") == git(remote.bare, "rev-parse", "main")
    assert git(remote.bare, "rev-parse", BRANCH) == made.commit
    assert git(remote.bare, "diff", "--name-only", "main", BRANCH) == PLACE.file
    assert remote.at(BRANCH) == NEXT.rstrip("\n")
    assert (
        git(remote.bare, "log", "-1", "--format=%an|%B", BRANCH)
        == "nbmlops|wine 13\n\nIt is better.\n\nNbmlops-Key: key1"
    )
    assert [line for line in user_state(remote.work)[0].splitlines()] == before[0].splitlines()
    assert user_state(remote.work)[2:] == before[2:]
    assert (remote.work / PLACE.file).read_text() == "model: {version: mine}\n"
    assert remote.proposals().state_of(made) is OPEN


def test_what_is_made_is_sound_to_git(remote: Remote) -> None:
    git(remote.bare, "config", "receive.fsckObjects", "true")
    git(remote.work, "config", "transfer.fsckObjects", "true")
    git(remote.work, "config", "commit.gpgSign", "true")
    git(remote.work, "config", "core.autocrlf", "true")
    for name in ("deploy.txt", "deploy-a", "deploy/a", "deploy/prod.yaml-b"):
        remote.push("x\n", name)
    proposals = remote.proposals()
    made = proposed(proposals)
    remote.push("two\n", "other.txt")
    proposals.merge(made)
    assert "error" not in git(remote.bare, "fsck", "--strict", "--full")
    assert git(remote.bare, "diff", "--name-only", f"{made.commit}^", made.commit) == PLACE.file


def test_what_a_memory_says_of_a_proposal_is_not_trusted(remote: Remote) -> None:
    made = proposed(remote.proposals())
    for commit_ in ("--help", "", "HEAD", "-x", f"{made.commit}^"):
        odd = msgspec.structs.replace(made, commit=commit_)
        assert remote.proposals().state_of(odd) is OPEN
    with pytest.raises(UsageError, match="is no name of a branch"):
        remote.proposals().state_of(msgspec.structs.replace(made, branch="--all"))


def test_who_commits_is_who_git_says(remote: Remote) -> None:
    git(remote.work, "config", "user.name", "Ada")
    proposed(remote.proposals())
    assert git(remote.bare, "log", "-1", "--format=%an %ae", BRANCH) == "Ada nbmlops@localhost"


def test_done_again_it_is_found(remote: Remote) -> None:
    made = proposed(remote.proposals())
    assert proposed(remote.proposals()) == made
    assert proposed(remote.proposals(remote.clone("other"))) == made
    # What is pushed to other files is in nobody's way.
    remote.push("two\n", "other.txt")
    assert proposed(remote.proposals()) == made


def test_the_next_one_takes_the_place_of_the_last(remote: Remote) -> None:
    proposals = remote.proposals()
    first = proposed(proposals)
    second = proposed(proposals, "14", "key2")
    assert git(remote.bare, "rev-parse", f"{BRANCH}^") == git(remote.bare, "rev-parse", "main")
    assert second.before == "12"
    assert proposals.state_of(first) is GONE
    assert proposals.state_of(second) is OPEN


def test_what_the_target_says_already_is_not_proposed(remote: Remote) -> None:
    with pytest.raises(StateError, match=r"/model/version of deploy/prod.yaml is 12 on main already"):
        proposed(remote.proposals(), "12")
    assert remote.heads() == {"main"}


def test_a_place_that_is_not_there_is_told(remote: Remote) -> None:
    for place, error, message in (
        (Place(file="deploy/none.yaml", pointer="/a"), NotFoundError, "There is no deploy/none.yaml in commit"),
        (Place(file=PLACE.file, pointer="/model/versoin"), NotFoundError, "deploy/prod.yaml:3: there is no 'versoin'"),
        (Place(file=PLACE.file, pointer="/model"), UsageError, "deploy/prod.yaml:3: /model is no scalar"),
    ):
        with pytest.raises(error, match=message):
            proposed(Proposals(Repository(remote.work), place))


def test_when_the_file_changes_meanwhile_it_is_made_anew_on_top(remote: Remote) -> None:
    proposals = remote.proposals()
    first = proposed(proposals)
    remote.push(PROD.replace("replicas: 2", "replicas: 3"))
    second = proposed(proposals)
    assert second.commit != first.commit
    assert remote.at(BRANCH) == NEXT.replace("replicas: 2", "replicas: 3").rstrip("\n")
    # It is the same proposal to whoever remembers the first.
    assert proposals.state_of(first) is OPEN
    proposals.merge(first)
    assert (proposals.state_of(first), proposals.state_of(second)) == (MERGED, MERGED)


def test_a_shallow_clone_as_ci_has_it_does_the_same(remote: Remote) -> None:
    remote.push(PROD.replace("12", "11"))
    remote.push(PROD)
    git(remote.folder, "clone", "--quiet", "--depth=1", remote.bare.as_uri(), "shallow")
    shallow = remote.proposals(remote.folder / "shallow")
    made = proposed(shallow)
    remote.push("two\n", "other.txt")
    assert shallow.state_of(made) is OPEN
    assert proposed(shallow) == made
    shallow.merge(made)
    assert shallow.state_of(made) is MERGED
    assert shallow.repository.value(PLACE) == "13"
    assert remote.at("main", "other.txt") == "two"
    assert git(remote.bare, "rev-list", "--count", "main") == "7"


def test_of_two_that_propose_at_once_one_does_and_the_other_finds_it(remote: Remote) -> None:
    folders = [remote.work, *(remote.clone(f"clone{number}") for number in range(3))]
    start, made, failed = threading.Barrier(len(folders)), [], []

    def work(proposals: Proposals) -> None:
        start.wait()
        try:
            made.append(proposed(proposals))
        except Exception as error:  # noqa: BLE001  told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=[remote.proposals(folder)]) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert {each.commit for each in made} == {git(remote.bare, "rev-parse", BRANCH)}


@pytest.mark.parametrize("key", ["", "two words", "line\nNbmlops-Key: x", "ü", "x" * 201])
def test_keys_that_would_not_be_found_again_are_refused(remote: Remote, key: str) -> None:
    with pytest.raises(UsageError, match="is no key of a proposal"):
        proposed(remote.proposals(), key=key)


def test_a_key_of_any_shape_and_a_body_that_lies_are_taken(remote: Remote) -> None:
    proposals = remote.proposals()
    key = "sha256:ab/../c~^"
    body = "Nbmlops-Key: other\n\n nbmlops-key : another\n---\n\0 \ud800 # not a comment"
    made = proposals.propose("13", branch=BRANCH, title="a\nb", body=body, key=key)
    assert proposals.state_of(made) is OPEN
    message = git(remote.bare, "log", "-1", "--format=%B", BRANCH)
    assert message.startswith("a b\n\n> Nbmlops-Key: other\n\n>  nbmlops-key : another\n---\n ? # not a comment")
    assert message.endswith(f"\n\nNbmlops-Key: {key}")
    proposals.reject(made, "no")
    assert proposals.state_of(made) is REJECTED


def test_a_proposal_for_its_own_branch_is_refused(remote: Remote) -> None:
    with pytest.raises(UsageError, match="needs a branch of its own"):
        proposed(remote.proposals(), branch="main")
