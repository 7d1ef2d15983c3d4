"""Edits of one value in git that somebody has to agree to: a commit on a branch of its own, with the key in a trailer.

    proposals = Proposals(Repository(folder), place)
    made = proposals.propose("13", branch="auto-update/wine", title="...", body="...", key="...")
    proposals.state_of(made)                            # open, merged, rejected, gone
    proposals.merge(made)

Each is idempotent: done again, also after a crash, it finds what is there. Branches that carry commits of somebody else
are never written over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypeVar

from nbmlops.errors import ConflictError, NotFoundError, StateError, UsageError
from nbmlops.lib.failpoints import failpoint
from nbmlops.model.reconciler import Place, Proposal, ProposalState
from nbmlops.reconcile import commits
from nbmlops.reconcile.commits import TRAILER, short
from nbmlops.reconcile.git_names import AUTO_UPDATE, checked_branch, rejected_reference
from nbmlops.reconcile.pointer import read, write
from nbmlops.reconcile.references import HEADS, Change, MovedError
from nbmlops.reconcile.repository import Repository

T = TypeVar("T")
_TRIES = 5
_MOST_MESSAGE = 60_000
_MOST_WHY = 1000


class Proposals:
    """For the value at one place."""

    def __init__(self, repository: Repository, place: Place) -> None:
        self.repository = repository
        self.place = place
        self._git = repository.git
        self._references = repository.references

    def propose(self, value: str, *, branch: str, title: str, body: str, key: str) -> Proposal:
        """Push a commit that sets the value, on top of the target branch, to `branch`; or find it there.

        An older proposal on that branch is replaced. Where the target's file has changed, the commit is made anew on
        top. Raises ConflictError for a branch with somebody else's commits and for a key that was rejected, StateError
        when the target says that already, NotFoundError and UsageError for a place that cannot be edited.
        """
        _check_key(key)
        checked_branch(branch)
        return self._trying(lambda: self._propose(value, branch, _message(title, body, key), key), branch)

    def state_of(self, proposal: Proposal) -> ProposalState:
        """Fetches. A deleted branch was closed: it counts as rejected, unless the target has what was proposed."""
        self.repository.fetch(proposal.branch)
        return self._state_of(proposal)

    def merge(self, proposal: Proposal) -> str:
        """The commit of the target that has it: by fast-forward where that is possible, else by a merge.

        Raises ConflictError when it is not open, when its branch says something else by now, and when the target has
        changed in the same place; StateError where the target is checked out, and there is no remote.
        """
        return self._trying(lambda: self._merge(proposal), proposal.branch)

    def reject(self, proposal: Proposal, why: str) -> None:
        """Never again: a reference keeps the key and why, and the branch is taken away.

        Raises ConflictError when it is merged.
        """
        self._trying(lambda: self._reject(proposal, why), proposal.branch)

    def clean(self, kept: Collection[str] = ()) -> tuple[str, ...]:
        """Take away branches `auto-update/` of ours that are merged or rejected, but for those that are `kept`."""
        return self._trying(lambda: self._clean(kept))

    def _propose(self, value: str, branch: str, message: str, key: str) -> Proposal:
        tips, target, reference = self._references.tips, self.repository.tip(), HEADS + branch
        if reference == self._references.target:
            raise UsageError(
                f"A proposal for {branch} needs a branch of its own.", kind="branch-malformed", hint="Name another."
            )
        if rejected_reference(branch, key) in tips:
            raise ConflictError(
                f"{value} was proposed on {branch} before, and rejected.",
                kind="proposal-rejected",
                hint="Something has to be other than it was: data, code, or the pipeline.",
            )
        tip = tips.get(reference, "")
        if found := self._found(value, branch, tip, target, key):
            return found
        file = commits.file_at(self._git, target, self.place.file)
        before = read(file.text, self.place.pointer, self.place.file)
        if before == value:
            raise StateError(
                f"{self.place.pointer} of {self.place.file} is {value} on {self.repository.target} already.",
                kind="value-already",
                hint="There is nothing to propose.",
            )
        text = write(file.text, self.place.pointer, value, self.place.file)
        commit = commits.edited(self._git, target, self.place.file, text, message)
        failpoint("proposal-push")
        self._references.change([Change(reference=reference, new=commit, old=tip)])
        failpoint("proposal-pushed")
        return self._told(value, before or "", branch, commit, key)

    def _found(self, value: str, branch: str, tip: str, target: str, key: str) -> Proposal | None:
        """The same proposal, as it is already. Raises ConflictError where the branch is somebody else's."""
        merged = commits.with_key(self._git, key, target)
        if merged:
            return self._told(value, self._before(merged), branch, merged, key)
        if not tip:
            return None
        base = commits.merge_base(self._git, tip, target)
        own = commits.with_key(self._git, key, f"{base}..{tip}" if base else tip)
        if not own and not commits.key_of(self._git, tip) and not commits.is_ancestor(self._git, tip, target):
            raise ConflictError(
                f"{branch} of {self._references.shown} carries commits that nbmlops has not made.",
                kind="branch-foreign",
                hint="Merge or delete it, or name another branch.",
            )
        if not own or self._value(tip) != value:
            return None
        is_on_top = bool(base) and self._blob(base) == self._blob(target)
        # Squashed with words of its own, and the branch is still there.
        was_merged = bool(base) and value in (self._value(target), *self.repository.earlier(self.place, since=base))
        if not is_on_top and own == tip and not was_merged:
            return None
        return self._told(value, self._before(own), branch, own, key)

    def _state_of(self, proposal: Proposal) -> ProposalState:
        target, tips = self.repository.tip(), self._references.tips
        if self._merged(proposal, target):
            return ProposalState.MERGED
        if rejected_reference(proposal.branch, proposal.key) in tips:
            return ProposalState.REJECTED
        tip = tips.get(HEADS + proposal.branch, "")
        if not tip:
            return ProposalState.REJECTED
        if tip == proposal.commit or commits.is_ancestor(self._git, proposal.commit, tip):
            return ProposalState.OPEN
        base = commits.merge_base(self._git, tip, target)
        is_made_anew = commits.with_key(self._git, proposal.key, f"{base}..{tip}" if base else tip)
        return ProposalState.OPEN if is_made_anew else ProposalState.GONE

    def _merged(self, proposal: Proposal, target: str) -> str:
        """The commit of the target that has it; empty: none."""
        if commits.is_ancestor(self._git, proposal.commit, target):
            return proposal.commit
        base = commits.merge_base(self._git, proposal.commit, target)
        if found := commits.with_key(self._git, proposal.key, f"{base}..{target}" if base else target):
            return found
        # Squashed, with words of its own.
        since = self.repository.earlier(self.place, since=base or commits.at_time(self._git, target, proposal.opened))
        if proposal.value != proposal.before and proposal.value in (self._value(target), *since):
            return target
        return ""

    def _merge(self, proposal: Proposal) -> str:
        state = self._state_of(proposal)
        target = self.repository.tip()
        if state is ProposalState.MERGED:
            return self._merged(proposal, target)
        if state is not ProposalState.OPEN:
            raise ConflictError(
                f"The proposal of {proposal.value} on {proposal.branch} is {state}, and cannot be merged.",
                kind="proposal-closed",
                hint="The next one will be made when it is needed.",
            )
        tip = self._references.tips[HEADS + proposal.branch]
        if self._value(tip) != proposal.value:
            raise self._otherwise(proposal, f"{proposal.branch} says {self._value(tip)} by now")
        if folder := self._references.checked_out().get(self._references.target):
            raise StateError(
                f"{self.repository.target} is checked out in {folder}, and its files would no longer be what it says.",
                kind="branch-checked-out",
                hint=f"Merge the proposal there: git merge {proposal.branch}",
            )
        new = tip if commits.is_ancestor(self._git, target, tip) else self._merge_commit(proposal, target, tip)
        failpoint("proposal-merge")
        self._references.change([Change(reference=self._references.target, new=new, old=None)])
        return new

    def _merge_commit(self, proposal: Proposal, target: str, tip: str) -> str:
        base = commits.merge_base(self._git, tip, target)
        try:
            if not base:
                raise ConflictError("They have no commit in common.", kind="merge-conflict")
            tree = commits.merged_tree(self._git, base, target, tip)
        except ConflictError as error:
            raise self._otherwise(proposal, error.message.rstrip(".")) from error
        message = _message(f"Merge {proposal.branch}: {proposal.title or proposal.value}", "", proposal.key)
        made = commits.commit_of(self._git, tree, [target, tip], message)
        if self._value(made) != proposal.value:
            raise self._otherwise(proposal, f"merged, {self.place.file} would say {self._value(made)}")
        return made

    def _otherwise(self, proposal: Proposal, why: str) -> ConflictError:
        return ConflictError(
            f"The proposal of {proposal.value} on {proposal.branch} cannot be merged: {why}.",
            kind="merge-conflict",
            hint=f"Merge it by hand: git fetch; git merge {proposal.commit[:10]}; or reject it.",
        )

    def _reject(self, proposal: Proposal, why: str) -> None:
        if self._state_of(proposal) is ProposalState.MERGED:
            raise ConflictError(
                f"The proposal of {proposal.value} is merged, and cannot be rejected.",
                kind="proposal-merged",
                hint=f"Take it back: git revert {short(self._merged(proposal, self.repository.tip()))}",
            )
        reference, branch = rejected_reference(proposal.branch, proposal.key), HEADS + proposal.branch
        if reference not in self._references.tips:
            known = commits.is_known(self._git, proposal.commit)
            tree = self._git.text("rev-parse", f"{proposal.commit}^{{tree}}") if known else self._git.text("mktree")
            words = " ".join(why.split())[:_MOST_WHY]
            message = _message(f"Rejected: {proposal.value}", words, proposal.key)
            new = commits.commit_of(self._git, tree, [proposal.commit] if known else [], message)
            self._references.change([Change(reference=reference, new=new, old="")])
            failpoint("proposal-rejected")
        tip = self._references.tips.get(branch, "")
        if tip and commits.key_of(self._git, tip) == proposal.key and branch not in self._references.checked_out():
            self._references.change([Change(reference=branch, new="", old=tip)])

    def _clean(self, kept: Collection[str]) -> tuple[str, ...]:
        target, gone = self.repository.tip(), []
        out = self._references.checked_out()
        for reference, tip in self._references.tips.items():
            branch = reference.removeprefix(HEADS)
            if not branch.startswith(AUTO_UPDATE) or branch == reference or branch in kept or reference in out:
                continue
            key = commits.key_of(self._git, tip)
            is_over = key and (
                commits.is_ancestor(self._git, tip, target)
                or rejected_reference(branch, key) in self._references.tips
                or commits.with_key(self._git, key, target)
            )
            if is_over:
                self._references.change([Change(reference=reference, new="", old=tip)])
                gone.append(branch)
        return tuple(gone)

    def _trying(self, work: Callable[[], T], *branches: str) -> T:
        """Done again on what there is then, while somebody else is quicker."""
        for left in reversed(range(_TRIES)):
            self.repository.fetch(*branches)
            try:
                return work()
            except MovedError:
                if not left:
                    raise
        raise AssertionError

    def _value(self, commit: str) -> str | None:
        """None also for what cannot be read, or is not known here."""
        try:
            return self.repository.value_at(commit, self.place) if commits.is_known(self._git, commit) else None
        except (NotFoundError, UsageError):
            return None

    def _before(self, commit: str) -> str:
        """What the value was in the commit before."""
        parent = self._git.text("rev-parse", "--verify", "--quiet", f"{commit}^", allowed=(0, 1, 128))
        return self._value(parent) or ""

    def _blob(self, commit: str) -> str:
        try:
            return commits.file_at(self._git, commit, self.place.file).blob
        except (NotFoundError, UsageError):
            return ""

    def _told(self, value: str, before: str, branch: str, commit: str, key: str) -> Proposal:
        seconds, _, title = self._git.text("log", "-1", "--format=%ct %s", commit).partition(" ")
        return Proposal(
            key=key,
            value=value,
            before=before,
            branch=branch,
            commit=commit,
            opened=datetime.fromtimestamp(int(seconds), UTC),
            title=title,
        )


def _message(title: str, body: str, key: str) -> str:
    # A line of the body that looks like the trailer would speak for another key.
    body = re.sub(rf"(?im)^(?=[ \t]*{TRAILER}[ \t]*:)", "> ", body.strip())[:_MOST_MESSAGE]
    return "\n\n".join(part for part in (" ".join(title.split())[:200], body, f"{TRAILER}: {key}") if part) + "\n"


def _check_key(key: str) -> None:
    if not re.fullmatch(r"[!-~]{1,200}", key):
        raise UsageError(f"{key[:60]!r} is no key of a proposal.", kind="key-malformed", hint="One word of ASCII.")
