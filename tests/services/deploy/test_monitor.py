"""A deployment that keeps what it is asked is looked at: traffic like before is in order, other traffic is named."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbmlops import api
from nbmlops.doors.render.pages.monitor import page
from nbmlops.errors import StateError
from nbmlops.ops.monitor import Result
from tests.services.deploy.deployed import COLUMNS, ask, deploy, folder_of, wait_for

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def look(place: Path, **more: object) -> Result:
    found = api.monitor(name="sums", folder=place, **more)
    assert isinstance(found, Result)
    return found


def send(place: Path, table: np.ndarray, name: str) -> None:
    ask(place, "/invocations", {"dataframe_split": {"columns": COLUMNS, "data": table.tolist()}},
        **{"X-Request-Id": name})  # fmt: skip


def rows_of(place: Path) -> int:
    return sum(each.rows for each in look(place).windows)


def test_traffic_is_looked_at_labelled_and_told_to_whoever_scrapes(place: Path) -> None:
    chance = np.random.default_rng(0)
    before = chance.normal(size=(1000, 2))
    pd.DataFrame(before, columns=COLUMNS).to_csv(place / "before.csv", index=False)
    deploy(place, "sums:v1")
    with pytest.raises(StateError, match="does not keep"):
        look(place)
    deploy(place, "sums:v1", monitor=True)
    nothing = look(place, data="before.csv")
    assert nothing.exit_code == 0
    assert nothing.windows == ()
    for number in range(4):
        send(place, chance.normal(size=(100, 2)), f"like-{number}")
    wait_for(lambda: rows_of(place) >= 400)
    good = look(place)
    assert [each.message for each in good.findings] == []
    assert good.reference == "before.csv"
    labels = [{"request": "like-0", "row": row, "label": row / 10} for row in range(100)]
    assert ask(place, "/labels", {"labels": labels}) == {"kept": 100}
    for number in range(12):
        send(place, chance.normal((2.0, 0.0), 1.0, (100, 2)), f"moved-{number}")
    wait_for(lambda: rows_of(place) >= 1600)
    bad = look(place)
    assert [(each.kind, each.subject) for each in bad.findings] == [("drift", "a")]
    assert bad.exit_code == 1
    assert bad.performance[0].labelled == 100
    assert bad.performance[0].task == "regression"
    assert any("a has drifted" in getattr(each, "text", "") for each in page(bad))
    told = ask(place, "/metrics")
    assert "nbmlops_findings 1\n" in told
    assert 'nbmlops_drift{column="a"}' in told
    assert "nbmlops_monitor_age_seconds" in told
    assert told.count("# TYPE nbmlops_drift gauge") == 1
    with pytest.raises(urllib.error.HTTPError):
        ask(place, "/invocations", {"wrong": 1})
    assert folder_of(place).gauges.is_file()
