"""Times, versions, deployments and trees of needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nbmlops.model.reconciler import NeedSpec, Reason, State
from nbmlops.ops.reconciling.needs.observe import observe
from nbmlops.project import Project
from tests.unit.ops.reconciling.looks import NOW, asked, attempt, look_at


def registered(root: Path, count: int = 1, alias: str = "") -> None:
    """So many versions of the model `kinds`, with nothing in them."""
    from mlflow import MlflowClient

    client = MlflowClient(Project(root).prepare_tracking())
    client.create_registered_model("kinds")
    for _ in range(count):
        made = client.create_model_version("kinds", f"file://{root}/nothing")
    if alias:
        client.set_registered_model_alias("kinds", alias, made.version)


def test_no_version_is_too_old_and_one_is_by_its_age(root: Path) -> None:
    none = asked(look_at(root), "maxAge", age=3600.0)
    assert (none.holds, none.why) == (True, "there is no version of kinds yet")
    registered(root)
    now = datetime.now(UTC)
    young = asked(look_at(root, now=now), "maxAge", age=3600.0)
    assert young.holds is False
    assert 0 < young.recheck <= 3600
    old = asked(look_at(root, now=now + timedelta(hours=2)), "maxAge", age=3600.0)
    assert old.holds is True
    assert old.key.startswith("age:1@")
    # A clock that went back makes nothing older.
    assert asked(look_at(root, now=now - timedelta(days=9)), "maxAge", age=3600.0).holds is False


@pytest.mark.parametrize(
    ("state", "holds"),
    [(State.SUCCEEDED, False), (State.REJECTED, False), (State.RUNNING, False), (State.FAILED, True)],
)
def test_a_time_has_come_until_an_attempt_was_made_that_did_not_fail(root: Path, state: State, holds: bool) -> None:
    assert asked(look_at(root), "schedule", cron="0 4 * * *").holds is True
    before = attempt(state, began=NOW - timedelta(days=2))
    due = asked(look_at(root, before), "schedule", cron="0 4 * * *")
    assert (due.holds, due.key) == (True, "schedule:20260304T0400")
    after = attempt(state, began=NOW.replace(hour=5))
    found = asked(look_at(root, after), "schedule", cron="0 4 * * *")
    assert found.holds is holds
    if not holds:
        assert found.recheck == timedelta(hours=16).total_seconds()


def test_upstream_is_another_version_than_before(root: Path) -> None:
    assert asked(look_at(root), "upstream", model="kinds").holds is None
    registered(root, 2, "champion")
    first = look_at(root)
    assert asked(first, "upstream", model="kinds").why == "models:/kinds@champion is version 2"
    assert asked(look_at(root, attempt(seen=first.facts)), "upstream", model="kinds").holds is False
    made = attempt(seen={"models:/kinds@champion": "1"})
    assert asked(look_at(root, made), "upstream", model="kinds").why == "models:/kinds@champion is version 2, it was 1"


@pytest.mark.parametrize("need", ["drift", "performance"])
def test_a_deployment_that_is_not_there_cannot_be_told(root: Path, need: str) -> None:
    found = asked(look_at(root), need, deployment="gone", metric="accuracy", below=0.8)
    assert found.holds is None
    assert "gone" in found.why


@pytest.mark.parametrize("tag", ["localhost:1/kinds:v1", "not a tag", ""])
def test_a_registry_that_is_away_cannot_be_told(root: Path, tag: str) -> None:
    assert asked(look_at(root), "registry", tag=tag).holds is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/needsTrain", "gopher://x", "", "http://[::1"])
def test_an_address_that_does_not_answer_cannot_be_told(root: Path, address: str) -> None:
    assert asked(look_at(root), "url", address=address, timeout=1.0).holds is None


def test_what_cannot_be_told_decides_nothing_that_others_decide(root: Path) -> None:
    (root / "needs.py").write_text("def yes():\n    return True\n\ndef no():\n    return False\n")
    yes, no, unknown = (
        NeedSpec(need="python", options={"file": file, "function": function})
        for file, function in (("needs.py", "yes"), ("needs.py", "no"), ("gone.py", "x"))
    )

    def holds(need: str, *parts: NeedSpec) -> bool | None:
        found: Reason = observe(look_at(root), NeedSpec(need=need, parts=parts))
        assert len(found.parts) == len(parts)
        return found.holds

    assert holds("any", yes, unknown) is True
    assert holds("any", no, unknown) is None
    assert holds("all", no, unknown) is False
    assert holds("all", yes, unknown) is None
    assert holds("all", yes, NeedSpec(need="any", parts=(no, yes))) is True
