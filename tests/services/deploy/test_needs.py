"""What reconcilers need to know of a deployment: that it is asked otherwise, and that it answers less well."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import Attempt, Kind, Memory, NeedSpec, Reason, Reconciler, State
from nbmlops.ops.call import Call
from nbmlops.ops.reconciling.needs.observe import observe
from nbmlops.ops.reconciling.observing import Observing
from tests.services.deploy.deployed import ask, deploy, wait_for
from tests.services.deploy.test_monitor import look, rows_of, send

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
SPEC = Reconciler(name="sums-train", kind=Kind.TRAINER, model="sums")


def reason(place: Path, need: str, memory: Memory | None = None, **options: object) -> Reason:
    asked = NeedSpec(need=need, options={"deployment": "sums", **options})
    return observe(Observing(Call(place), SPEC, memory or Memory(name="sums-train"), utc_now()), asked)


def test_drift_and_performance_of_a_deployment_are_needs(place: Path) -> None:
    chance = np.random.default_rng(0)
    pd.DataFrame(chance.normal(size=(1000, 2)), columns=["a", "b"]).to_csv(place / "before.csv", index=False)
    assert reason(place, "drift").holds is None  # there is no such deployment
    deploy(place, "sums:v1")
    unwatched = reason(place, "drift")
    assert unwatched.holds is None
    assert "does not keep" in unwatched.why
    deploy(place, "sums:v1", monitor=True)
    look(place, data="before.csv")
    assert reason(place, "drift").holds is False
    assert reason(place, "performance", metric="mae", above=0.5).holds is None
    for number in range(12):
        send(place, chance.normal((2.0, 0.0), 1.0, (100, 2)), f"moved-{number}")
    wait_for(lambda: rows_of(place) >= 1200)
    moved = reason(place, "drift")
    assert moved.holds is True
    assert moved.why.startswith("a has drifted")
    assert moved.key.startswith("drift:sums:")
    assert reason(place, "drift", columns=2).holds is False
    assert reason(place, "drift", of=("b",)).holds is False
    assert reason(place, "drift", share=0.2).holds is True
    assert reason(place, "drift", over=1000.0).holds is False
    ask(place, "/labels", {"labels": [{"request": "moved-0", "row": row, "label": 1000.0} for row in range(100)]})
    wait_for(lambda: look(place).performance != () and look(place).performance[0].labelled == 100)
    bad = reason(place, "performance", metric="mae", above=0.5)
    assert bad.holds is True
    assert "above 0.5" in bad.why
    assert reason(place, "performance", metric="mae", above=5000.0).holds is False
    # A version has been made meanwhile: that it is deployed is waited for, and not made again.
    made = Attempt(key="k", number=1, began=utc_now(), ended=utc_now(), state=State.SUCCEEDED, version="3")
    later = msgspec.structs.replace(Memory(name="sums-train"), attempts=(made,))
    assert reason(place, "drift", later).holds is False
    assert "version 3 was made since" in reason(place, "drift", later).why
