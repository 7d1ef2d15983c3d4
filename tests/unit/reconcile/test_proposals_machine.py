"""Anything that people and reconcilers do to a repository, in any order: nothing of anybody's is lost."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nbmlops.errors import ConflictError, NbmlopsError, StateError
from nbmlops.model.reconciler import Proposal, ProposalState
from nbmlops.reconcile.pointer import read, write
from tests.unit.reconcile.remotes import BRANCH, PLACE, PROD, Remote, git

VALUES = st.sampled_from(["12", "13", "14", "v15"])
WHO = st.sampled_from([0, 1])
OVER = (ProposalState.MERGED, ProposalState.REJECTED)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="nbmlops-machine-"))
        self.remote = Remote(self.folder)
        self.clones = [self.remote.clone("one"), self.remote.clone("two")]
        self.made: dict[str, Proposal] = {}
        self.ended: dict[str, ProposalState] = {}
        self.people = 0
        self.has_written_over = False
        self.lines: list[str] = []

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def somebody_has_unfinished_work(self) -> None:
        for clone in self.clones:
            (clone / PLACE.file).write_text("unfinished: true\n")
            (clone / "new.txt").write_text("mine")

    @rule(who=WHO, value=VALUES)
    def propose(self, who: int, value: str) -> None:
        proposals = self.remote.proposals(self.clones[who])
        try:
            made = proposals.propose(value, branch=BRANCH, title=value, body="b", key=f"key-{value}")
        except (ConflictError, StateError) as error:
            self.expect(error, "branch-foreign", "proposal-rejected", "value-already")
            return
        if made.key in self.made and made.commit != self.made[made.key].commit:
            # Made anew, after a merge that left no trace but the value, which was changed again since.
            self.ended.pop(made.key, None)
        self.made[made.key] = made
        assert proposals.state_of(made) in (ProposalState.OPEN, ProposalState.MERGED)

    @precondition(lambda self: self.made)
    @rule(who=WHO, data=st.data())
    def merge(self, who: int, data: st.DataObject) -> None:
        made = data.draw(st.sampled_from(list(self.made.values())))
        proposals = self.remote.proposals(self.clones[who])
        before = proposals.state_of(made)
        try:
            proposals.merge(made)
        except ConflictError as error:
            self.expect(error, "proposal-closed", "merge-conflict")
            return
        assert proposals.state_of(made) is ProposalState.MERGED
        proposals.repository.fetch()
        if before is ProposalState.OPEN:
            assert proposals.repository.value(PLACE) == made.value

    @precondition(lambda self: self.made)
    @rule(who=WHO, data=st.data())
    def reject(self, who: int, data: st.DataObject) -> None:
        made = data.draw(st.sampled_from(list(self.made.values())))
        try:
            self.remote.proposals(self.clones[who]).reject(made, "no")
        except ConflictError as error:
            self.expect(error, "proposal-merged")

    @rule(who=WHO)
    def clean(self, who: int) -> None:
        self.remote.proposals(self.clones[who]).clean()

    @rule(value=VALUES)
    def somebody_sets_the_value(self, value: str) -> None:
        now = self.remote.at("main") + "\n"
        self.pushed(write(now, PLACE.pointer, value, PLACE.file), f"By hand {value} {self.people}")

    @rule()
    def somebody_adds_a_line_to_the_file(self) -> None:
        self.lines.append(f"line{self.people}: 1")
        self.pushed(f"{self.remote.at('main')}\n{self.lines[-1]}\r\n", f"A line {self.people}")

    @rule()
    def somebody_changes_another_file(self) -> None:
        self.remote.push(f"{self.people}\n", "other.txt", f"Elsewhere {self.people}")
        self.people += 1

    @precondition(lambda self: BRANCH in self.remote.heads())
    @rule()
    def somebody_deletes_the_branch(self) -> None:
        git(self.remote.bare, "update-ref", "-d", f"refs/heads/{BRANCH}")

    @precondition(lambda self: BRANCH in self.remote.heads() and not self.has_written_over)
    @rule()
    def somebody_writes_over_the_branch(self) -> None:
        tree = git(self.remote.bare, "rev-parse", "main^{tree}")
        commit = git(self.remote.bare, "commit-tree", tree, "-p", "main", "-m", f"Mine {self.people}")
        git(self.remote.bare, "update-ref", f"refs/heads/{BRANCH}", commit)
        self.people += 1
        # Once: nobody proposes there until it is deleted.
        self.has_written_over = True

    @precondition(lambda self: BRANCH in self.remote.heads())
    @rule(keeps_words=st.booleans())
    def somebody_squashes_the_branch(self, keeps_words: bool) -> None:
        git(self.remote.work, "pull", "--quiet", "--ff-only")
        git(self.remote.work, "fetch", "--quiet", "--prune")
        words = git(self.remote.bare, "log", "-1", "--format=%B", BRANCH) if keeps_words else "Squashed"
        try:
            git(self.remote.work, "merge", "--quiet", "--squash", f"origin/{BRANCH}")
        except AssertionError:
            git(self.remote.work, "reset", "--quiet", "--hard")
            return
        if git(self.remote.work, "status", "--porcelain"):
            git(self.remote.work, "commit", "--quiet", "-m", words)
            git(self.remote.work, "push", "--quiet")

    @rule(who=WHO)
    def a_clone_is_made_anew(self, who: int) -> None:
        shutil.rmtree(self.clones[who])
        self.clones[who] = self.remote.clone(self.clones[who].name)
        self.somebody_has_unfinished_work()

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for key, made in self.made.items():
            states = {self.remote.proposals(clone).state_of(made) for clone in self.clones}
            assert len(states) == 1, (key, states)
            state = states.pop()
            # A value that was closed may be set by hand later, or proposed again and merged: then it is merged.
            if self.ended.get(key) is ProposalState.MERGED:
                assert state is ProposalState.MERGED
            if state in OVER:
                self.ended[key] = state

    @invariant()
    def nobody_has_lost_a_line(self) -> None:
        text = self.remote.at("main")
        assert text.startswith(PROD.partition("'")[0])
        assert all(line in text for line in self.lines)
        assert read(text, PLACE.pointer, PLACE.file) in ("12", "13", "14", "v15")
        for clone in self.clones:
            assert (clone / PLACE.file).read_text() == "unfinished: true\n"
            assert git(clone, "status", "--porcelain") == f" M {PLACE.file}\n?? new.txt"
            kept = git(clone, "for-each-ref", "--format=%(refname)").split()
            assert [name for name in kept if not name.startswith("refs/remotes/")] == ["refs/heads/main"]

    def expect(self, error: NbmlopsError, *kinds: str) -> None:
        assert error.kind in kinds

    def pushed(self, text: str, message: str) -> None:
        self.people += 1
        if text != self.remote.at("main") + "\n":
            self.remote.push(text, message=message)


@pytest.mark.slow
def test_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
