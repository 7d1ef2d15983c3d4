"""Proposals end in every way that people end them: merged, squashed, closed, written over, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, DeniedError, StateError
from nbmlops.model.reconciler import ProposalState
from nbmlops.reconcile import commits
from nbmlops.reconcile.git import Git
from nbmlops.reconcile.proposals import Proposals
from nbmlops.reconcile.repository import Repository
from tests.unit.reconcile.remotes import BRANCH, PLACE, PROD, Remote, commit, git, proposed, user_state

OPEN, MERGED, REJECTED, GONE = (
    ProposalState.OPEN,
    ProposalState.MERGED,
    ProposalState.REJECTED,
    ProposalState.GONE,
)
NEXT = PROD.replace("12", "13")


def test_a_fast_forward_merges_it(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    assert proposals.merge(made) == made.commit
    assert git(remote.bare, "rev-parse", "main") == made.commit
    assert proposals.state_of(made) is MERGED
    assert proposals.merge(made) == made.commit
    assert proposed(proposals) == made
    assert proposals.repository.value(PLACE) == "13"
    assert proposals.clean() == (BRANCH,)
    assert remote.heads() == {"main"}
    assert proposals.state_of(made) is MERGED


def test_what_has_moved_on_elsewhere_is_merged_by_a_merge(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    remote.push("two\n", "other.txt")
    # Far enough away for git to merge it.
    merged = proposals.merge(made)
    assert git(remote.bare, "log", "-1", "--format=%s|%P", "main").startswith("Merge auto-update/wine: wine 13|")
    assert git(remote.bare, "rev-parse", "main") == merged
    assert remote.at("main") == NEXT.rstrip("\n")
    assert remote.at("main", "other.txt") == "two"
    assert proposals.state_of(made) is MERGED


def test_edits_of_the_same_file_are_merged_where_they_are_apart(tmp_path: Path) -> None:
    text = PROD + "".join(f"line{number}: {number}\r\n" for number in range(20))
    remote = Remote(tmp_path, text=text)
    proposals = remote.proposals()
    made = proposed(proposals)
    remote.push(text.replace("line15: 15", "line15: 16"))
    git(remote.work, "rm", "--quiet", "other.txt")
    git(remote.work, "commit", "--quiet", "-m", "Removed")
    git(remote.work, "push", "--quiet")
    proposals.merge(made)
    assert remote.at("main") == text.replace("line15: 15", "line15: 16").replace("12'", "13'").rstrip("\n")
    assert git(remote.bare, "ls-tree", "--name-only", "main") == "deploy"


def test_an_edit_of_the_same_line_is_a_conflict_and_changes_nothing(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    tip = remote.push(PROD.replace("12", "20"))
    with pytest.raises(ConflictError, match=r"deploy/prod.yaml has been changed on both sides") as caught:
        proposals.merge(made)
    assert "git merge" in caught.value.hint
    assert git(remote.bare, "rev-parse", "main") == tip
    assert proposals.state_of(made) is OPEN


def test_a_squash_with_words_of_its_own_is_a_merge(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    remote.push(NEXT, message="wine 13 (#7)")
    git(remote.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert proposals.state_of(made) is MERGED
    assert remote.heads() == {"main"}
    # Also when it has gone on from there, or back.
    remote.push(PROD.replace("12", "14"))
    assert proposals.state_of(made) is MERGED
    # Also in a clone that has never seen the proposal's commit.
    git(remote.folder, "clone", "--quiet", "--no-local", str(remote.bare), "other")
    assert not commits.is_known(Git(remote.folder / "other"), made.commit)
    assert remote.proposals(remote.folder / "other").state_of(made) is MERGED


def test_a_squash_whose_branch_stays_is_not_proposed_again(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    remote.push(NEXT, message="wine 13 (#7)")
    assert proposed(proposals) == made
    remote.push(PROD.replace("12", "14"))
    assert proposed(proposals) == made
    assert proposals.state_of(made) is MERGED


def test_a_squash_that_keeps_the_trailer_is_known_in_any_clone(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    remote.push(NEXT, message="wine 13 (#7)\n\n* wine 13\n\nNbmlops-Key: key1\n\nCo-authored-by: A <a@b.c>")
    remote.push(PROD.replace("12", "14"))
    git(remote.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert remote.proposals(remote.clone("other")).state_of(made) is MERGED


def test_a_merge_that_is_taken_back_was_a_merge(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    proposals.merge(made)
    git(remote.work, "pull", "--quiet")
    git(remote.work, "revert", "--no-edit", "HEAD")
    git(remote.work, "push", "--quiet")
    assert proposals.state_of(made) is MERGED
    assert proposals.repository.value(PLACE) == "12"
    assert proposals.repository.earlier(PLACE) == ("13", "12")


def test_a_branch_that_is_deleted_was_closed(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    git(remote.work, "push", "--quiet", "origin", "--delete", BRANCH)
    assert proposals.state_of(made) is REJECTED
    with pytest.raises(ConflictError, match="is rejected, and cannot be merged"):
        proposals.merge(made)


def test_a_branch_that_is_written_over_is_gone_and_is_not_written_over_in_turn(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    git(remote.work, "switch", "--quiet", "-c", "mine")
    tip = commit(remote.work, "mine.txt", "mine")
    git(remote.work, "push", "--quiet", "--force", "origin", f"mine:{BRANCH}")
    assert proposals.state_of(made) is GONE
    for value, key in (("13", "key1"), ("14", "key2")):
        with pytest.raises(ConflictError, match="carries commits that nbmlops has not made"):
            proposed(proposals, value, key)
    with pytest.raises(ConflictError, match="is gone, and cannot be merged"):
        proposals.merge(made)
    proposals.reject(made, "no")
    assert proposals.clean() == ()
    assert git(remote.bare, "rev-parse", BRANCH) == tip


def test_commits_of_a_reviewer_on_the_branch_stay_and_are_merged(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    git(remote.work, "fetch", "--quiet")
    git(remote.work, "switch", "--quiet", BRANCH)
    tip = commit(remote.work, "note.md", "looked at")
    git(remote.work, "push", "--quiet", "origin", BRANCH)
    assert proposals.state_of(made) is OPEN
    assert proposed(proposals) == made
    with pytest.raises(ConflictError, match="carries commits that nbmlops has not made"):
        proposed(proposals, "14", "key2")
    assert proposals.merge(made) == tip
    assert proposals.state_of(made) is MERGED


def test_a_branch_that_says_something_else_by_now_is_not_merged(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    git(remote.work, "fetch", "--quiet")
    git(remote.work, "switch", "--quiet", BRANCH)
    commit(remote.work, PLACE.file, PROD.replace("12", "666"))
    git(remote.work, "push", "--quiet", "origin", BRANCH)
    with pytest.raises(ConflictError, match="auto-update/wine says 666 by now"):
        proposals.merge(made)
    assert remote.at("main") == PROD.rstrip("\n")


def test_what_is_rejected_is_remembered_with_why_and_not_proposed_again(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    proposals.reject(made, "worse for\nsmall orders")
    assert remote.heads() == {"main"}
    assert "worse for small orders" in git(remote.bare, "log", "-1", "--format=%B", "refs/nbmlops/rejected/wine/key1")
    other = remote.proposals(remote.clone("other"))
    assert other.state_of(made) is REJECTED
    with pytest.raises(ConflictError, match="13 was proposed on auto-update/wine before, and rejected"):
        proposed(other)
    other.reject(made, "again")
    assert proposed(other, "14", "key2").value == "14"
    assert other.state_of(made) is REJECTED


def test_what_was_closed_is_rejected_in_a_clone_that_never_saw_it(remote: Remote) -> None:
    made = proposed(remote.proposals())
    git(remote.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")
    git(remote.folder, "clone", "--quiet", "--no-local", str(remote.bare), "other")
    other = remote.proposals(remote.folder / "other")
    assert other.state_of(made) is REJECTED
    other.reject(made, "closed")
    with pytest.raises(ConflictError, match="before, and rejected"):
        proposed(other)


def test_what_the_docs_say_is_how_people_agree(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    git(remote.work, "fetch")
    git(remote.work, "push", "origin", f"origin/{BRANCH}:main")
    assert proposals.state_of(made) is MERGED
    git(remote.work, "pull", "--quiet")
    git(remote.work, "revert", "--no-edit", made.commit)
    git(remote.work, "push")
    proposals.repository.fetch()
    assert proposals.repository.value(PLACE) == "12"
    assert proposals.repository.earlier(PLACE)[0] == "13"


def test_what_is_merged_is_not_rejected(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    proposals.merge(made)
    with pytest.raises(ConflictError, match="is merged, and cannot be rejected") as caught:
        proposals.reject(made, "late")
    assert caught.value.hint == f"Take it back: git revert {made.commit[:10]}"


def test_cleaning_takes_only_what_is_ours_and_over(remote: Remote) -> None:
    proposals = remote.proposals()
    merged = proposed(proposals, "13", "key1", "auto-update/merged")
    proposals.merge(merged)
    proposed(proposals, "14", "key2", "auto-update/open")
    proposed(proposals, "15", "key3", "auto-update/kept")
    proposed(proposals, "16", "key4", "own/branch")
    git(remote.work, "push", "--quiet", "origin", "main:refs/heads/auto-update/foreign")
    kept = {"main", "auto-update/open", "auto-update/kept", "own/branch", "auto-update/foreign"}
    assert proposals.clean(kept={"auto-update/kept"}) == ("auto-update/merged",)
    assert proposals.clean() == ()
    assert remote.heads() == kept


def test_of_two_that_merge_at_once_both_see_it_merged(remote: Remote) -> None:
    first, second = remote.proposals(), remote.proposals(remote.clone("other"))
    one = proposed(first, "13", "key1", "auto-update/a")
    two = proposed(second, "13", "key2", "auto-update/b")
    first.repository.fetch()
    assert second.merge(two) == two.commit
    # The other has the same value by now: there is nothing left to merge.
    assert first.state_of(one) is MERGED
    first.merge(one)
    assert git(remote.bare, "rev-parse", "main") == two.commit


def test_a_protected_branch_is_not_merged_to(remote: Remote) -> None:
    proposals = remote.proposals()
    made = proposed(proposals)
    (remote.bare / "hooks").mkdir()
    hook = remote.bare / "hooks" / "update"
    hook.write_text("#!/bin/sh\necho 'main needs a review' >&2\n[ $1 != refs/heads/main ]\n")
    hook.chmod(0o755)
    with pytest.raises(DeniedError, match="does not take what is pushed") as caught:
        proposals.merge(made)
    assert "main needs a review" in caught.value.hint
    assert proposals.state_of(made) is OPEN


def test_without_a_remote_branches_are_here_and_what_is_checked_out_stays(remote: Remote) -> None:
    git(remote.work, "remote", "remove", "origin")
    before = user_state(remote.work)
    proposals = remote.proposals()
    made = proposed(proposals)
    assert git(remote.work, "rev-parse", BRANCH) == made.commit
    assert (user_state(remote.work)[0], user_state(remote.work)[3]) == (before[0], before[3])
    with pytest.raises(StateError, match="main is checked out in") as caught:
        proposals.merge(made)
    assert caught.value.hint == f"Merge the proposal there: git merge {BRANCH}"
    git(remote.work, "merge", "--quiet", BRANCH)
    assert proposals.state_of(made) is MERGED
    assert proposals.clean() == (BRANCH,)
    second = proposed(proposals, "14", "key2")
    proposals.reject(second, "no")
    assert proposals.state_of(second) is REJECTED
    third = proposed(proposals, "15", "key3")
    git(remote.work, "switch", "--quiet", BRANCH)
    with pytest.raises(StateError, match="is checked out in"):
        Proposals(Repository(remote.work, branch="main"), PLACE).propose(
            "16", branch=BRANCH, title="t", body="", key="key4"
        )
    merged = Proposals(Repository(remote.work, branch="main"), PLACE)
    assert merged.merge(third) == third.commit
    assert git(remote.work, "rev-parse", "main") == third.commit


def test_a_remote_with_the_branch_checked_out_says_what_to_do(remote: Remote) -> None:
    other = remote.clone("other")
    proposals = Proposals(Repository(other, str(remote.work)), PLACE)
    made = proposed(proposals)
    with pytest.raises(StateError, match="has that branch checked out"):
        proposals.merge(made)
