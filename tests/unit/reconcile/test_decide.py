"""What is to be done, of what is seen and remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from nbmlops.model.reconciler import (
    Action,
    Attempt,
    Condition,
    Decision,
    GuardSpec,
    Memory,
    Phase,
    Proposal,
    ProposalState,
    Reason,
    Reconciler,
    State,
    Status,
)
from nbmlops.reconcile.backoff import after_failure, longest, periodic
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.decide import adoption_key, decide, roll_back_key
from nbmlops.reconcile.key import key_of
from nbmlops.reconcile.reasons import combined, headline, lines
from nbmlops.reconcile.world import Seen
from tests.unit.reconcile.simulated import deployer, trainer

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STALE = Reason(need="maxAge", holds=True, why="7 is 26 h old, over 24 h", key="7")
DRIFT = Reason(need="drift", holds=True, why="psi(age) is 0.31, over 0.2")
FRESH = Reason(need="maxAge", holds=False, why="7 is 3 h old", key="7")
UNTOLD = Reason(need="drift", holds=None, why="there were no requests")
SEEN = Seen(reason=STALE, inputs="i", rows=1000, desired="7", actual="7")
SPEC = trainer()
KEY = key_of(SPEC, SEEN, Memory(name=SPEC.name))
PROPOSAL = Proposal(key=KEY, value="8", before="7", branch="auto-update/labels-train", commit="c", opened=NOW)


def remembered(**fields: Any) -> Memory:
    return Memory(name=SPEC.name, **fields)


def decided(
    memory: Memory | None = None, spec: Reconciler = SPEC, now: datetime = NOW, **seen: Any
) -> tuple[Decision, Action, str]:
    found = decide(spec, memory or remembered(), msgspec.structs.replace(SEEN, **seen), now)
    assert [each.type for each in found.conditions] == ["Ready", "Reconciling", "Stalled"]
    assert found.next_attempt is not None
    return found, found.action, reason_of(found.conditions)


def attempt(state: State = State.SUCCEEDED, **fields: Any) -> Attempt:
    given: dict[str, Any] = {"key": KEY, "number": 1, "began": NOW, "ended": NOW, "state": state, "inputs": "i"}
    return Attempt(**{**given, "wanted": ("maxAge=7",), **fields})


def test_what_is_needed_is_done() -> None:
    found, action, word = decided()
    assert (action, word, found.key) == (Action.TRAIN, "Training", KEY)
    assert found.why == "maxAge 7 is 26 h old, over 24 h"
    assert [each.status for each in found.conditions] == [Status.FALSE, Status.TRUE, Status.FALSE]


def test_what_is_not_needed_is_in_sync() -> None:
    found, action, word = decided(reason=FRESH)
    assert (action, word) == (Action.NONE, "InSync")
    assert [each.status for each in found.conditions] == [Status.TRUE, Status.FALSE, Status.FALSE]
    assert found.next_attempt == NOW + timedelta(seconds=periodic(SPEC))
    soon, _, _ = decided(reason=msgspec.structs.replace(FRESH, recheck=5.0))
    assert soon.next_attempt == NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    "seen",
    [
        {"reason": UNTOLD},
        {"reason": None},
        {"desired": None},
        {"desired": ""},
        {"reason": combined("any", (FRESH, UNTOLD))},
        {"reason": combined("all", (STALE, UNTOLD))},
    ],
)
def test_what_cannot_be_told_is_not_done(seen: dict[str, Any]) -> None:
    found, action, word = decided(**seen)
    assert (action, word) == (Action.NONE, "Unknown")
    assert found.conditions[0].status == Status.UNKNOWN


def test_what_is_unknown_says_why() -> None:
    found, _, _ = decided(desired=None, trouble="git cannot be reached")
    assert found.why == "nothing says which version is wanted: git cannot be reached"


def test_one_need_that_holds_is_enough_whatever_cannot_be_told() -> None:
    assert decided(reason=combined("any", (UNTOLD, STALE)))[1] == Action.TRAIN


@pytest.mark.parametrize("memory", [remembered(attempts=(attempt(State.RUNNING),)), remembered(proposals=(PROPOSAL,))])
def test_what_is_suspended_or_pinned_does_nothing(memory: Memory) -> None:
    merged = msgspec.structs.replace(PROPOSAL, state=ProposalState.MERGED)
    for spec, held in ((trainer(is_suspended=True), "suspended"), (trainer(guard=GuardSpec(pin="6")), "pinned to 6")):
        found, action, _ = decided(memory, spec, proposal=merged)
        assert (action, found.held) == (Action.NONE, (held,))
    found, action, _ = decided(msgspec.structs.replace(memory, is_suspended=True))
    assert (action, found.held) == (Action.NONE, ("suspended",))


def test_an_attempt_of_somebody_who_died_goes_on_whatever_is_needed_now() -> None:
    memory = remembered(attempts=(attempt(State.RUNNING, phase=Phase.TRAINED, ended=None),))
    for reason in (STALE, FRESH):
        spec = trainer(guard=GuardSpec(cooldown=1e6, least_rows=10**9))
        found, action, _ = decided(memory, spec, reason=reason)
        assert (action, found.key) == (Action.RESUME, KEY)


@pytest.mark.parametrize(
    ("state", "action", "word"),
    [
        (ProposalState.OPEN, Action.NONE, "ProposalOpen"),
        (None, Action.NONE, "ProposalOpen"),
        (ProposalState.MERGED, Action.ADOPT, "Adopting"),
        (ProposalState.REJECTED, Action.REJECT, "Rejecting"),
        (ProposalState.GONE, Action.REJECT, "Rejecting"),
    ],
)
def test_an_open_proposal_is_waited_for(state: ProposalState | None, action: Action, word: str) -> None:
    there = msgspec.structs.replace(PROPOSAL, state=state) if state else None
    found = decided(remembered(proposals=(PROPOSAL,), finished=(KEY,)), proposal=there)
    assert found[1:] == (action, word)


def test_a_value_that_somebody_wrote_by_hand_is_as_merged() -> None:
    there = msgspec.structs.replace(PROPOSAL, state=ProposalState.GONE)
    found, action, _ = decided(remembered(proposals=(PROPOSAL,)), proposal=there, desired="8")
    assert (action, found.key) == (Action.ADOPT, adoption_key("8"))


def test_a_proposal_of_another_key_says_nothing() -> None:
    there = msgspec.structs.replace(PROPOSAL, key="other", state=ProposalState.MERGED)
    assert decided(remembered(proposals=(PROPOSAL,)), proposal=there)[1] == Action.NONE


def test_what_was_taken_back_is_gone_back_to() -> None:
    memory = remembered(applied="8")
    found, action, _ = decided(memory, desired="7", earlier=("8", "7"))
    assert (action, found.key) == (Action.ROLL_BACK, roll_back_key("8", "7"))
    merged = msgspec.structs.replace(PROPOSAL, state=ProposalState.MERGED)
    assert decided(remembered(applied="8", proposals=(merged,)), desired="7", earlier=("8",))[1] == Action.ROLL_BACK


@pytest.mark.parametrize(
    ("desired", "earlier"),
    [("8", ("7",)), ("7", ()), ("7", ("6",)), ("9", ("8", "7")), ("7", ("7", "8"))],
    ids=["as it is", "no history", "not merged yet", "forward", "before it"],
)
def test_what_was_not_taken_back_is_not_gone_back_to(desired: str, earlier: tuple[str, ...]) -> None:
    assert decided(remembered(applied="8"), reason=FRESH, desired=desired, earlier=earlier)[1] == Action.NONE


@pytest.mark.parametrize(
    ("state", "proposal", "word"),
    [
        (State.SUCCEEDED, None, "PostconditionNotMet"),
        (State.REJECTED, None, "GateRejected"),
        (State.SUCCEEDED, ProposalState.MERGED, "PostconditionNotMet"),
        (State.SUCCEEDED, ProposalState.REJECTED, "ProposalRejected"),
        (State.SUCCEEDED, ProposalState.GONE, "ProposalGone"),
    ],
)
def test_what_was_done_and_is_needed_yet_is_stalled(state: State, proposal: ProposalState | None, word: str) -> None:
    proposals = (msgspec.structs.replace(PROPOSAL, state=proposal),) if proposal else ()
    done = {"rejected": {KEY: "no"}} if state == State.REJECTED else {"finished": (KEY,)}
    memory = remembered(attempts=(attempt(state),), proposals=proposals, **done)
    found, action, reason = decided(memory)
    assert (action, reason) == (Action.NONE, word)
    assert found.conditions[2].status == Status.TRUE
    # Also when the attempt is long forgotten,
    assert decided(msgspec.structs.replace(memory, attempts=()))[1] == Action.NONE
    # and something else is needed.
    assert decided(memory, inputs="other")[1] == Action.TRAIN


def test_fewer_needs_than_an_attempt_was_made_for_are_no_reason_for_another() -> None:
    both = attempt(key="both", wanted=("drift=", "maxAge=7"))
    memory = remembered(attempts=(both,), finished=("both",))
    assert decided(memory, reason=DRIFT)[2] == "PostconditionNotMet"
    more = Reason(need="newRows", holds=True, why="600 new rows")
    assert decided(memory, reason=combined("any", (DRIFT, more)))[1] == Action.TRAIN
    assert decided(msgspec.structs.replace(memory, settled="both"), reason=DRIFT)[1] == Action.TRAIN


def test_what_is_needed_again_after_it_was_settled_has_another_key() -> None:
    memory = remembered(attempts=(attempt(),), finished=(KEY,), settled=KEY)
    found, action, _ = decided(memory)
    assert action == Action.TRAIN
    assert found.key != KEY


def test_what_failed_is_tried_later_and_at_last_stalled() -> None:
    memory = remembered(failing=KEY, failures=2, failed=NOW, error="disk full", attempts=(attempt(State.FAILED),))
    found, action, word = decided(memory)
    assert (action, word) == (Action.NONE, "BackOff")
    wait = after_failure(SPEC, 2)
    assert found.next_attempt == NOW + timedelta(seconds=wait)
    assert found.why.startswith("failed 2 times: disk full; back-off, ")
    assert decided(memory, now=NOW + timedelta(seconds=wait))[1] == Action.TRAIN
    assert decided(memory, inputs="other")[1] == Action.TRAIN
    found, action, word = decided(msgspec.structs.replace(memory, failures=3), now=NOW + timedelta(days=9))
    assert (action, word, found.why) == (Action.NONE, "AttemptsUsedUp", "failed 3 times: disk full")


def test_a_merge_that_cannot_be_adopted_is_tried_later_too() -> None:
    merged = msgspec.structs.replace(PROPOSAL, state=ProposalState.MERGED)
    memory = remembered(proposals=(PROPOSAL,), failing=adoption_key("8"), failures=1, failed=NOW, error="no registry")
    assert decided(memory, proposal=merged)[2] == "BackOff"
    later = NOW + timedelta(minutes=2)
    assert decided(memory, proposal=merged, now=later)[1] == Action.ADOPT


def test_guards_hold_and_are_told_with_the_need() -> None:
    memory = remembered(attempts=(attempt(key="old", ended=NOW - timedelta(hours=2)),))
    found, action, word = decided(memory, trainer(guard=GuardSpec(cooldown=6 * 3600)), reason=DRIFT)
    assert (action, word) == (Action.NONE, "CoolDown")
    assert found.why == "drift psi(age) is 0.31, over 0.2; cool-down, 4 h left: wait"
    assert found.held == ("cool-down, 4 h left",)
    assert found.next_attempt == NOW + timedelta(hours=4)


def test_a_clock_that_went_back_freezes_nothing() -> None:
    ahead = NOW + timedelta(days=4000)
    memory = remembered(
        failing=KEY, failures=1, failed=ahead, error="x", next_attempt=ahead, looked=ahead,
        attempts=(attempt(State.FAILED, began=ahead, ended=ahead),),
    )  # fmt: skip
    spec = trainer(guard=GuardSpec(cooldown=3600, most_runs_a_day=5))
    found, action, _ = decided(memory, spec)
    assert action == Action.NONE
    assert found.next_attempt is not None
    assert found.next_attempt - NOW <= timedelta(seconds=longest(spec))


def test_conditions_say_since_when() -> None:
    first, _, _ = decided(reason=FRESH)
    later = NOW + timedelta(hours=1)
    again, _, _ = decided(remembered(conditions=first.conditions), reason=FRESH, now=later)
    assert {each.since for each in again.conditions} == {NOW}
    other, _, _ = decided(remembered(conditions=first.conditions), now=later)
    assert {each.since for each in other.conditions} == {later}
    ahead = (Condition(type="Ready", status=Status.TRUE, reason="InSync", message="", since=later),)
    assert decided(remembered(conditions=ahead), reason=FRESH)[0].conditions[0].since == NOW


@pytest.mark.parametrize(
    ("desired", "actual", "action", "why"),
    [
        ("8", "7", Action.DEPLOY, "8 is wanted, 7 runs"),
        ("8", None, Action.DEPLOY, "8 is wanted, nothing runs"),
        ("8", "8", Action.NONE, "8 is wanted and runs"),
        (None, "8", Action.NONE, "nothing says which version is wanted"),
    ],
)
def test_a_deployer_makes_what_runs_what_is_wanted(desired: str, actual: str, action: Action, why: str) -> None:
    found, done, _ = decided(spec=deployer(), desired=desired, actual=actual)
    assert (done, found.why) == (action, why)


def test_a_deployer_does_nothing_where_it_cannot_see_what_runs() -> None:
    assert decided(spec=deployer(), desired="8", actual=None, trouble="no answer")[2] == "Unknown"
    memory = Memory(name="labels-deploy", rejected={"8": "it was slow"})
    found, action, word = decided(memory, deployer(), desired="8", actual="7")
    assert (action, word, found.why) == (Action.NONE, "Rejected", "8 is wanted and was rejected: it was slow")


def test_what_was_deployed_before_is_deployed_again_when_git_says_so() -> None:
    spec = deployer()
    seven = msgspec.structs.replace(SEEN, desired="7", actual="8")
    first = key_of(spec, seven, Memory(name=spec.name))
    again = Memory(name=spec.name, finished=(first, "k8"), settled="k8")
    found, action, _ = decided(again, spec, desired="7", actual="8")
    assert action == Action.DEPLOY
    assert found.key != first


def test_a_tree_of_reasons_is_told_line_by_line() -> None:
    tree = combined("any", (DRIFT, combined("all", (FRESH, UNTOLD)), UNTOLD))
    assert lines(tree) == (
        "any: holds",
        "  drift: psi(age) is 0.31, over 0.2",
        "  all: does not hold",
        "    maxAge: 7 is 3 h old",
        "    drift: cannot be told: there were no requests",
        "  drift: cannot be told: there were no requests",
    )
    assert lines(None) == ()
    assert headline(tree) == "drift psi(age) is 0.31, over 0.2"
    assert headline(tree, None) == "drift there were no requests; drift there were no requests"


@pytest.mark.parametrize(
    ("need", "parts", "holds"),
    [
        ("any", (True, False, None), True),
        ("any", (False, None), None),
        ("any", (False, False), False),
        ("all", (True, None), None),
        ("all", (False, None), False),
        ("all", (True, True), True),
        ("any", (), False),
    ],
)
def test_what_cannot_be_told_decides_nothing_that_the_others_do_not(
    need: str, parts: tuple[bool | None, ...], holds: bool | None
) -> None:
    assert combined(need, [Reason(need="x", holds=each, why="") for each in parts]).holds is holds


def test_waits_grow_have_an_end_and_are_spread_by_name() -> None:
    waits = [after_failure(SPEC, failures) for failures in range(1, 100)]
    assert waits == sorted(waits)
    assert 60 <= waits[0] <= 66
    assert waits[-1] <= longest(SPEC)
    assert len({after_failure(trainer(name=f"n{n}"), 1) for n in range(50)}) == 50
    assert periodic(SPEC) == periodic(trainer())
    assert all(600 <= periodic(trainer(name=f"n{n}")) <= 660 for n in range(50))
