"""What is found by rules in figures that no log has: of routers, of estimates, of intervals."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from nbmlops.model.evaluation import Metric
from nbmlops.model.finding import Finding
from nbmlops.model.monitoring import Alarm, Estimated, Look, Performance, Traffic
from nbmlops.monitor.findings import Found, find, revision_of
from nbmlops.monitor.performance import Judged
from nbmlops.monitor.rules import Rules, read
from tests.unit.monitor.logs import HOUR, NOON

LOOK = Look(deployment="wine", time=NOON, since=NOON, width_seconds=3600, rows=0)


def rules(**limits: Any) -> Rules:
    return read(limits, "", "wine")


def counted(requests: int, failed: int, alarms: dict[str, Alarm], revision: str = "1") -> Found:
    look = msgspec.structs.replace(LOOK, traffic=(Traffic(revision=revision, requests=requests, failed=failed),))
    return find(look, (), rules(error_rate=0.05), alarms, "1")


def performance(metric: Metric | None = None, **more: Any) -> Judged:
    whole = Performance(revision="1", start=NOON, end=NOON + HOUR, rows=1000, labelled=500, task="classification",
                        metrics=(metric,) if metric is not None else (), **more)  # fmt: skip
    return Judged(whole=whole)


def test_requests_that_fail_are_found_and_over_when_they_do_not() -> None:
    quiet = counted(1000, 20, {})
    assert quiet.findings == []
    bad = counted(200, 100, quiet.alarms)
    assert [(each.kind, each.subject) for each in bad.findings] == [("error-rate", "requests")]
    assert "100 of 200 requests since the look before have failed (50.00%)" in bad.findings[0].message
    few = counted(5, 0, bad.alarms)
    assert [each.kind for each in few.findings] == ["error-rate"]
    assert counted(100, 1, few.alarms).findings == []
    # Without a request nothing is judged.
    assert ("error-rate", "") not in counted(0, 0, few.alarms).judged


def test_at_its_limit_for_ever_is_no_finding() -> None:
    chance = np.random.default_rng(0)
    alarms: dict[str, Alarm] = {}
    for _ in range(300):
        found = counted(100, int(chance.binomial(100, 0.05)), alarms)
        alarms = found.alarms
        assert found.findings == []


def test_of_a_canary_the_subject_says_so() -> None:
    found = counted(200, 100, {}, revision="2")
    (one,) = found.findings
    assert one.subject == "requests (revision 2)"
    assert one.message.startswith("Revision 2: ")
    assert revision_of(one) == "2"
    assert revision_of(Finding(kind="drift", subject="hue", message="")) == ""
    assert found.is_judged(one, running=("1", "2"))
    # It does not run any more: its findings are over.
    assert Found().is_judged(one, running=("1",))
    assert not Found().is_judged(one, running=("1", "2"))


def test_a_metric_is_too_low_where_its_whole_interval_is() -> None:
    below = Metric(name="f1", value=0.7, low=0.65, high=0.75)
    assert [each.subject for each in find(LOOK, (performance(below),), rules(f1=0.8), {}, "1").findings] == ["f1"]
    assert find(LOOK, (performance(below),), rules(f1=0.74), {}, "1").findings == []
    loss = Metric(name="log_loss", value=0.7, low=0.65, high=0.75, is_higher_better=False)
    assert len(find(LOOK, (performance(loss),), rules(log_loss=0.6), {}, "1").findings) == 1
    assert find(LOOK, (performance(loss),), rules(log_loss=0.66), {}, "1").findings == []


def test_what_is_expected_is_found_where_the_whole_band_is_wrong() -> None:
    one = Estimated(name="accuracy", value=0.7, low=0.65, high=0.75, method="cbpe", rows=300, from_rows=900)
    found = find(LOOK, (performance(estimates=(one,)),), rules(accuracy=0.8), {}, "1")
    assert [each.kind for each in found.findings] == ["expected-performance"]
    assert "expected to be 0.7 (0.65 to 0.75); it has to be at least 0.8." in found.findings[0].message
    assert find(LOOK, (performance(estimates=(one,)),), rules(accuracy=0.74), {}, "1").findings == []
