"""What a deployment was asked is looked at from the sidebar: drift is named, and what is quiet stays quiet."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.test_deployments import SLOW_MS, kits, line, state_is
from tests.services.servers import free_port

__all__ = ["kits", "line"]
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
ROWS = 600


def ask(lab: Lab, folder: Path, values: np.ndarray) -> None:
    """A request of a hundred rows each; they are on the disk when this ends."""
    (there,) = json.loads(lab.nbmlops("deployments", "--json", folder=folder))["deployments"]
    token = Path(there["token_file"]).read_text().strip()
    for start in range(0, len(values), 100):
        rows = [[float(value)] for value in values[start : start + 100]]
        request = urllib.request.Request(
            f"{there['address']}/invocations",
            json.dumps({"dataframe_split": {"columns": ["x"], "data": rows}}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200
    time.sleep(1.5)


@pytest.fixture
def watched(lab: Lab, line: Path, deploy: Callable[..., str]) -> Path:
    chance = np.random.default_rng(0)
    pd.DataFrame({"x": chance.normal(size=ROWS)}).to_csv(line / "before.csv", index=False)
    deploy("line:v1", "--name", "line", "--monitor", "--port", str(free_port()), folder=line)
    ask(lab, line, chance.normal(size=ROWS))
    lab.nbmlops("monitor", "line", "--data", "before.csv", folder=line)
    return line


def test_a_look_names_what_has_moved(open_desk: Callable[..., Desk], lab: Lab, watched: Path) -> None:
    desk = open_desk()
    desk.open(f"{watched.name}/work.ipynb")
    panel = desk.section("Deployments")
    state_is(panel, "healthy")
    desk.button("line").click()
    part = panel.get_by_role("region", name="Monitoring of line")
    expect(part).to_contain_text("Nothing has been found to be wrong")
    expect(part).to_contain_text("looked at")
    ask(lab, watched, np.random.default_rng(1).normal(3.0, 1.0, 3 * ROWS))
    part.get_by_role("button", name="Look", exact=True).click()
    expect(part.get_by_role("list", name="Findings")).to_contain_text("x has drifted", timeout=SLOW_MS)
    expect(panel.locator(".nbmlops-Deployment-facts").first).to_contain_text("finding")
    desk.picture("deployments-watched")
    part.get_by_role("button", name="Report…").click()
    form = desk.sidebar.get_by_role("form")
    expect(form.get_by_label("Name")).to_have_value("line")
    form.get_by_role("button", name="Monitor", exact=True).click()
    until = time.monotonic() + SLOW_MS / 1000
    while not (watched / "line.html").exists() and time.monotonic() < until:
        time.sleep(0.2)
    assert (watched / "line.html").read_text().startswith("<!doctype html>")
