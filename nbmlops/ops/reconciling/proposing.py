"""What reconcilers see and do in git, and at a forge where there is one."""

from __future__ import annotations

import msgspec

from nbmlops.errors import StateError
from nbmlops.model.reconciler import Attempt, Memory, Place, Proposal, ProposalState, PublishSpec, Reconciler
from nbmlops.ops.call import Call
from nbmlops.ops.reconciling.proposed_text import text_of
from nbmlops.reconcile.decide import open_proposal
from nbmlops.reconcile.proposals import Proposals
from nbmlops.reconcile.repository import Repository
from nbmlops.reconcile.world import Verdict

PULL_REQUEST, AUTO = "pr", "auto"


class Repositories:
    """Of one tick or several: each remote is asked once a tick."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known: dict[tuple[str, str], Repository] = {}

    def repository(self, place: Place) -> Repository:
        """Raises NotFoundError where the project is in no git repository."""
        key = (place.remote, place.branch)
        if key not in self._known:
            self._known[key] = Repository(self._call.project.root, place.remote, place.branch)
        return self._known[key]

    def refresh(self) -> None:
        self._known.clear()

    def said(self, place: Place) -> tuple[str | None, tuple[str, ...]]:
        """What git says, and what it said before. Raises UnavailableError."""
        repository = self.repository(place)
        repository.fetch()
        value = repository.value(place)
        return value or None, repository.earlier(place) if value else ()

    def published(
        self, spec: Reconciler, publish: PublishSpec, memory: Memory
    ) -> tuple[str | None, tuple[str, ...], Proposal | None]:
        desired, earlier = self.said(publish.place)
        remembered = open_proposal(memory)
        if remembered is None:
            return desired, earlier, None
        state = Proposals(self.repository(publish.place), publish.place).state_of(remembered)
        if state is ProposalState.OPEN and (forge := self._forge(publish)) is not None:
            state = forge.state(remembered.url or remembered.branch)
        return desired, earlier, msgspec.structs.replace(remembered, state=state)

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Proposal:
        publish = spec.publish
        assert publish is not None
        proposals = Proposals(self.repository(publish.place), publish.place)
        branch = publish.branch or f"auto-update/{spec.name}"
        text = text_of(self._call, spec, attempt, verdict)
        made = proposals.propose(attempt.version, branch=branch, title=text.title, body=text.body, key=attempt.key)
        if publish.approve == AUTO:
            proposals.merge(made)
            return msgspec.structs.replace(made, state=ProposalState.MERGED)
        if publish.approve == PULL_REQUEST and (forge := self._forge(publish)) is not None:
            target = proposals.repository.target
            made = msgspec.structs.replace(
                made, url=forge.open(branch=branch, target=target, title=text.title, body=text.body)
            )
        return made

    def merge(self, spec: Reconciler, proposal: Proposal) -> str:
        """The commit that has it. Raises ConflictError, UnavailableError, DeniedError."""
        assert spec.publish is not None
        return Proposals(self.repository(spec.publish.place), spec.publish.place).merge(proposal)

    def reject(self, spec: Reconciler, proposal: Proposal, why: str) -> None:
        assert spec.publish is not None
        Proposals(self.repository(spec.publish.place), spec.publish.place).reject(proposal, why)

    def clean(self, spec: Reconciler, memory: Memory) -> None:
        if spec.publish is None:
            return
        kept = [each.branch for each in memory.proposals if each.state is ProposalState.OPEN]
        Proposals(self.repository(spec.publish.place), spec.publish.place).clean(kept)

    def _forge(self, publish: PublishSpec) -> object | None:
        return None


def open_one(spec: Reconciler, memory: Memory) -> Proposal:
    """Raises StateError where nothing is proposed."""
    found = open_proposal(memory)
    if found is None or spec.publish is None:
        raise StateError(
            f"{spec.name} proposes nothing.", kind="proposal-missing", hint="See what it waits for: nbmlops reconcilers"
        )
    return found
