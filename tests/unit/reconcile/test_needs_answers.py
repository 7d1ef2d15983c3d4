"""Who asks whether something is needed hears what would be done, and only of parameters that somebody asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from nbmlops.model.needs_answer import NeedsAnswer
from nbmlops.model.reconciler import GuardSpec, Kind, Memory, Reason, Reconciler
from nbmlops.reconcile.decide import decide
from nbmlops.reconcile.needs_answers import answer_of
from nbmlops.reconcile.world import Seen

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NEEDED = Reason(need="url", holds=True, why="it is old", key="a", parameters={"days": "3", "other": "x"})
TRAINER = Reconciler(
    name="train", kind=Kind.TRAINER, pipeline="pipelines/a", parameters={"age": {"from": "days"}, "rows": 5}
)
DEPLOYER = Reconciler(name="deploy", kind=Kind.DEPLOYER, deployment="wine", model="wine")


def answered(spec: Reconciler, memory: Memory | None = None, **seen: object) -> NeedsAnswer:
    found = Seen(inputs="digest", **seen)  # type: ignore[arg-type]
    return answer_of(spec, decide(spec, memory or Memory(name=spec.name), found, NOW))


def test_a_trainer_says_yes_with_what_was_asked_for() -> None:
    assert answered(TRAINER, reason=NEEDED) == NeedsAnswer(needs_sync=True, parameters={"days": "3"})


def test_a_trainer_says_no() -> None:
    fresh = Reason(need="url", holds=False, why="it is fresh")
    assert answered(TRAINER, reason=fresh) == NeedsAnswer(needs_sync=False)


def test_what_cannot_be_told_is_an_error_and_no_yes() -> None:
    lost = Reason(need="url", holds=None, why="nobody answers")
    assert answered(TRAINER, reason=lost) == NeedsAnswer(needs_sync=False, errors=("url nobody answers",))
    assert answered(DEPLOYER).errors != ()
    assert answered(DEPLOYER).needs_sync is False


def test_a_deployer_gives_the_version_that_is_wanted() -> None:
    assert answered(DEPLOYER, desired="7", actual="6") == NeedsAnswer(needs_sync=True, parameters={"name": "7"})
    assert answered(DEPLOYER, desired="7", actual="7") == NeedsAnswer(needs_sync=False)


def test_pauses_rejections_and_suspension_count() -> None:
    suspended = msgspec.structs.replace(TRAINER, is_suspended=True)
    assert answered(suspended, reason=NEEDED) == NeedsAnswer(needs_sync=False)
    pinned = msgspec.structs.replace(TRAINER, guard=GuardSpec(pin="3"))
    assert answered(pinned, reason=NEEDED).needs_sync is False
    rejected = Memory(name="deploy", rejected={"7": "closed and not merged"})
    found = answered(DEPLOYER, rejected, desired="7", actual="6")
    assert found.needs_sync is False
    assert "closed and not merged" in found.errors[0]
