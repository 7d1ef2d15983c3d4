"""The pictures that people see of the sidebar. With NBMLOPS_PICTURES=1 those of the docs are made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import kept_fresh
from tests.browser.conftest import ROOT
from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.test_reconcilers import SLOW_MS, state_is, timeline
from tests.services.servers import free_port

DOCS = ROOT / "docs" / "pictures"
# Read here: the tests themselves see none of our variables.
ARE_WANTED = os.environ.get("NBMLOPS_PICTURES") == "1"


@pytest.fixture
def keep() -> Callable[[Desk, str], None]:
    """Takes a picture, for the docs too where they are wanted."""

    def take(desk: Desk, name: str) -> None:
        taken = desk.picture(name)
        if ARE_WANTED:
            shutil.copyfile(taken, DOCS / taken.name)

    return take


def test_each_section_in_light_and_dark(
    open_desk: Callable[..., Desk],
    lab: Lab,
    packages: Path,
    demo: Path,
    deploy: Callable[..., str],
    keep: Callable[[Desk, str], None],
) -> None:
    lab.nbmlops("pack", "pipelines/wine", "-t", "wine:small", "--compression", "gzip", folder=demo)
    lab.nbmlops("pack", "wine trees=25", "-t", "wine:v1,latest", folder=demo)
    lab.nbmlops("sign", "wine:v1", "--new-key", folder=demo)
    deploy("wine:small", "--name", "wine", "--port", str(free_port()), folder=demo)
    deploy("wine:v1", "--name", "wine", "--canary", "20", folder=demo)
    for _ in range(5):
        lab.nbmlops("predict", "wine", folder=demo)
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    panel = desk.section("Notebook")
    desk.button("Track").click()
    expect(panel.get_by_role("switch")).to_have_attribute("aria-checked", "true", timeout=90_000)
    desk.run_all()
    expect(desk.sidebar.locator(".nbmlops-Graph-step").nth(2).locator("small")).to_contain_text(" s", timeout=60_000)
    desk.save()
    for theme in ("Light", "Dark"):
        desk.theme(f"JupyterLab {theme}")
        short = theme.lower()
        desk.section("Notebook")
        desk.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="wine.ipynb").click()
        desk.select_cell(8)
        keep(desk, f"sidebar-notebook-{short}")

        desk.section("Runs")
        desk.run_named("wine trees=25").dblclick()
        expect(desk.main.locator("h1")).to_have_text("wine trees=25")
        expect(desk.page.locator(".nbmlops-Loading")).to_have_count(0)
        keep(desk, f"sidebar-runs-{short}")

        desk.run_named("wine").first.locator(".nbmlops-Runs-box").click()
        desk.button("Compare").click()
        expect(desk.main.get_by_role("group", name="Runs side by side")).to_be_visible()
        expect(desk.page.locator(".nbmlops-Loading")).to_have_count(0)
        keep(desk, f"sidebar-compare-{short}")
        desk.button("Select none").click()

        panel = desk.section("Pipelines")
        fold = panel.locator(".nbmlops-Fold").first
        if fold.get_attribute("aria-expanded") == "false":
            fold.click()
        expect(panel.locator(".nbmlops-Graph-step")).to_have_count(4)
        keep(desk, f"sidebar-pipelines-{short}")

        panel = desk.section("Packages")
        desk.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="wine.ipynb").click()
        fold = panel.locator(".nbmlops-Fold").first
        if fold.get_attribute("aria-expanded") == "false":
            fold.click()
        expect(panel.get_by_role("table", name="Provenance")).to_be_visible()
        keep(desk, f"sidebar-packages-{short}")

        panel = desk.section("Deployments")
        fold = panel.get_by_role("button", name="wine", exact=True)
        if fold.get_attribute("aria-expanded") == "false":
            fold.click()
        expect(panel.get_by_role("slider")).to_have_value("20")
        keep(desk, f"sidebar-deployments-{short}")


def test_reconcilers_in_light_and_dark(
    open_desk: Callable[..., Desk], lab: Lab, demo: Path, keep: Callable[[Desk, str], None]
) -> None:
    kept_fresh.make(demo, lab)
    kept_fresh.propose(demo)
    lab.nbmlops("reconcile", "wine-train", "price-train", folder=demo)
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.settle()
    panel = desk.section("Reconcilers")
    state_is(panel, "wine-train", "proposal open")
    for theme in ("Light", "Dark"):
        desk.theme(f"JupyterLab {theme}")
        fold = desk.button("wine-train")
        if fold.get_attribute("aria-expanded") == "false":
            fold.click()
        expect(timeline(panel)).not_to_have_count(0, timeout=SLOW_MS)
        keep(desk, f"sidebar-reconcilers-{theme.lower()}")
    desk.theme("JupyterLab Light")
