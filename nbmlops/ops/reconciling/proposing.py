"""What reconcilers see and do in git, and at a forge where there is one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from nbmlops.errors import NotFoundError, StateError
from nbmlops.model.reconciler import Attempt, Memory, Place, Proposal, ProposalState, PublishSpec, Reason, Reconciler
from nbmlops.ops.call import Call
from nbmlops.reconcile.decide import open_proposal
from nbmlops.reconcile.world import Verdict

if TYPE_CHECKING:
    from nbmlops.ports import Forge
    from nbmlops.reconcile.proposals import Proposals
    from nbmlops.reconcile.repository import Repository

PULL_REQUEST, AUTO = "pr", "auto"


class Repositories:
    """Of one tick or several."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known: dict[tuple[str, str], Repository] = {}
        self._fetched: set[tuple[str, str]] = set()

    def repository(self, place: Place) -> Repository:
        """Raises NotFoundError where the project is in no git repository."""
        from nbmlops.reconcile.repository import Repository

        key = (place.remote, place.branch)
        if key not in self._known:
            self._known[key] = Repository(self._call.project.root, place.remote, place.branch)
        return self._known[key]

    def refresh(self) -> None:
        """Remotes are asked again, each once."""
        self._fetched.clear()

    def said(self, place: Place) -> tuple[str | None, tuple[str, ...]]:
        """What git says, and what it said before. Raises UnavailableError."""
        repository, key = self.repository(place), (place.remote, place.branch)
        if key not in self._fetched:
            repository.fetch()
            self._fetched.add(key)
        value = repository.value(place)
        return value or None, repository.earlier(place) if value else ()

    def published(self, publish: PublishSpec, memory: Memory) -> tuple[str | None, tuple[str, ...], Proposal | None]:
        """What git says, what it said before, and what has become of the proposal that is open."""
        desired, earlier = self.said(publish.place)
        remembered = open_proposal(memory)
        if remembered is None:
            return desired, earlier, None
        state = self._proposals(publish).state_of(remembered)
        if state is ProposalState.OPEN and (forge := self._forge(publish)) is not None:
            at_forge = forge.state(remembered.url or remembered.branch)
            # Merged is seen in git; a request that is not there was never opened, or is opened at the next look.
            state = at_forge if at_forge is ProposalState.REJECTED else state
        return desired, earlier, msgspec.structs.replace(remembered, state=state)

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict, reason: Reason) -> Proposal:
        # What it says is looked up by half of the verbs: what has nothing to propose does not load them.
        from nbmlops.ops.reconciling.proposed_text import story_of
        from nbmlops.reconcile.body import body_of, message_of, title_of

        publish = spec.publish
        assert publish is not None
        proposals = self._proposals(publish)
        before, _ = self.said(publish.place)
        story = story_of(self._call, spec, attempt, verdict, before or "", reason)
        branch = publish.branch or f"auto-update/{spec.name}"
        made = proposals.propose(
            attempt.version, branch=branch, title=title_of(story), body=message_of(story), key=attempt.key
        )
        self.refresh()
        if publish.approve == AUTO:
            proposals.merge(made)
            return msgspec.structs.replace(made, state=ProposalState.MERGED)
        if publish.approve == PULL_REQUEST and (forge := self._forge(publish)) is not None:
            target, body = proposals.repository.target, body_of(story, made.commit)
            url = forge.open(branch=branch, target=target, title=title_of(story), body=body)
            made = msgspec.structs.replace(made, url=url)
        return made

    def merge(self, publish: PublishSpec, proposal: Proposal) -> str:
        """The commit of the target that has it. Raises ConflictError, UnavailableError, DeniedError."""
        self.refresh()
        proposals = self._proposals(publish)
        if proposal.url and (forge := self._forge(publish)) is not None:
            forge.merge(proposal.url)
        return proposals.merge(proposal)

    def reject(self, publish: PublishSpec, proposal: Proposal, why: str) -> None:
        """Raises ConflictError for one that is merged, UnavailableError, DeniedError."""
        self.refresh()
        if proposal.url and (forge := self._forge(publish)) is not None:
            with contextlib.suppress(NotFoundError):
                forge.close(proposal.url, why)
        self._proposals(publish).reject(proposal, why)

    def clean(self, spec: Reconciler, memory: Memory) -> None:
        if spec.publish is None:
            return
        kept = [each.branch for each in memory.proposals if each.state is ProposalState.OPEN]
        self._proposals(spec.publish).clean(kept)

    def _proposals(self, publish: PublishSpec) -> Proposals:
        from nbmlops.reconcile.proposals import Proposals

        return Proposals(self.repository(publish.place), publish.place)

    def _forge(self, publish: PublishSpec) -> Forge | None:
        """Raises NotFoundError for a plug-in that there is not, UsageError for a remote that is none of its."""
        if not publish.forge:
            return None
        from nbmlops.ops.plugin import open_forge

        repository = self.repository(publish.place)
        name = repository.references.remote
        known = repository.git.text("remote").split("\n")
        address = repository.git.text("remote", "get-url", name) if name in known else name
        return open_forge(self._call.project.settings, publish.forge, address)


def open_one(spec: Reconciler, memory: Memory) -> tuple[PublishSpec, Proposal]:
    """Raises StateError where nothing is proposed."""
    found = open_proposal(memory)
    if found is None or spec.publish is None:
        raise StateError(
            f"{spec.name} proposes nothing.", kind="proposal-missing", hint="See what it waits for: nbmlops reconcilers"
        )
    return spec.publish, found
