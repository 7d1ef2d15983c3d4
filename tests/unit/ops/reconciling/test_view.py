"""A reconciler as verbs show it: what people have changed by hand since it was looked at is not told as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from nbmlops.model.reconciler import GuardSpec, Kind, Memory, Proposal, ProposalState, Reconciler, Status
from nbmlops.ops.reconciling.view import view
from nbmlops.reconcile.conditions import conditions
from nbmlops.reconcile.memory import told

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPEC = Reconciler(name="wine-train", kind=Kind.TRAINER, model="wine")
PROPOSAL = Proposal(key="key", value="2", before="1", branch="auto-update/wine-train", commit="c" * 40, opened=NOW)


def looked(word: str, message: str, ready: Status, *, is_stalled: bool = False) -> Memory:
    found = conditions(Memory(name="wine-train"), NOW, word, message, ready=ready, is_stalled=is_stalled)
    return told(Memory(name="wine-train", conditions=found, looked=NOW), NOW, "merged", "2 was approved")


def test_it_is_as_it_was_when_it_was_looked_at() -> None:
    found = view(SPEC, looked("InSync", "12 rows have come", Status.TRUE))
    assert (found.state, found.why, found.is_ready, found.is_stalled) == ("InSync", "12 rows have come", True, False)
    found = view(SPEC, looked("GateRejected", "0.8", Status.FALSE, is_stalled=True))
    assert (found.state, found.is_ready, found.is_stalled) == ("GateRejected", False, True)
    assert view(SPEC, Memory(name="wine-train")).state == ""


def test_what_is_suspended_or_pinned_since_says_so_at_once() -> None:
    memory = looked("GateRejected", "0.8", Status.FALSE, is_stalled=True)
    found = view(SPEC, msgspec.structs.replace(memory, is_suspended=True))
    assert (found.state, found.why, found.is_ready, found.is_stalled) == ("Suspended", "suspended: wait", None, False)
    pinned = msgspec.structs.replace(SPEC, guard=GuardSpec(pin="7"))
    assert (view(pinned, memory).state, view(pinned, memory).why) == ("Pinned", "pinned to 7: wait")


@pytest.mark.parametrize("word", ["Suspended", "Pinned", "ProposalOpen"])
def test_what_no_longer_holds_it_back_is_not_told(word: str) -> None:
    found = view(SPEC, looked(word, "wait", Status.UNKNOWN))
    assert (found.state, found.why, found.is_ready) == ("", "2 was approved", None)


def test_an_open_proposal_is_waited_for_until_it_is_closed() -> None:
    memory = msgspec.structs.replace(looked("ProposalOpen", "2 is proposed", Status.FALSE), proposals=(PROPOSAL,))
    assert view(SPEC, memory).state == "ProposalOpen"
    closed = msgspec.structs.replace(PROPOSAL, state=ProposalState.REJECTED)
    assert view(SPEC, msgspec.structs.replace(memory, proposals=(closed,))).state == ""
