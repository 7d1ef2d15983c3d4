"""A look as Prometheus reads it."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from nbmlops.monitor.gauges import gauges
from tests.unit.monitor.deployments import Deployed


def test_a_look_is_told_in_families_that_can_be_read(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(1, shift=1.5)
    found = wine.look()
    families = {each.name: each for each in text_string_to_metric_families(gauges(found, "1"))}
    assert {each.labels["column"] for each in families["nbmlops_drift"].samples} == {
        "hue", "alcohol", "colour", "output.prediction",
    }  # fmt: skip
    (count,) = families["nbmlops_findings"].samples
    assert count.value == 1
    (when,) = families["nbmlops_monitor_look_timestamp_seconds"].samples
    assert abs(when.value - found.time.timestamp()) < 0.001
    # Of a revision that nobody has looked at, there are no columns.
    assert "nbmlops_drift" not in gauges(found, "7")
