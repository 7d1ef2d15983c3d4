"""Everybody can use it: no fault that axe-core knows, in no theme; and with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.services.servers import free_port

AXE = ROOT / "labextension" / "checks" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
"""All that JupyterLab brings along."""
SECTIONS = ["Notebook", "Runs", "Data", "Pipelines", "Packages", "Deployments", "Reconcilers"]


@pytest.fixture
def axe() -> Path:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make sidebar")
    return AXE


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_any_section(
    open_desk: Callable[..., Desk],
    lab: Lab,
    packages: Path,
    demo: Path,
    deploy: Callable[..., str],
    axe: Path,
    theme: str,
) -> None:
    lab.nbmlops("pack", "-t", "wine:v1,latest", folder=demo)
    lab.nbmlops("sign", "wine:v1", "--new-key", folder=demo)
    deploy("wine:v1", "--port", str(free_port()), folder=demo)
    deploy("wine:latest", "--canary", "20", folder=demo)
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.show_sidebar()
    desk.theme(theme)
    short = theme.removeprefix("JupyterLab ").lower().replace(" ", "-")
    found = {}
    for name in SECTIONS:
        panel = desk.section(name)
        if name == "Packages":
            panel.get_by_role("button", name="wine:latest").click()
            expect(panel.get_by_role("table", name="Metrics")).to_be_visible()
        if name == "Deployments":
            panel.get_by_role("button", name="wine", exact=True).click()
            desk.button("Predict…").click()
            desk.sidebar.get_by_role("form").get_by_role("button", name="Predict", exact=True).click()
            expect(panel.get_by_role("group", name="Predictions of wine")).to_be_visible(timeout=90_000)
        expect(desk.sidebar.locator(".nbmlops-Loading")).to_have_count(0)
        found[name] = desk.violations(axe, "#nbmlops-sidebar")
        desk.picture(f"{name.lower()}-{short}")
    found["badges"] = desk.violations(axe, ".nbmlops-Badge")
    desk.command("nbmlops:snapshot")
    desk.sidebar.get_by_role("form").wait_for()
    found["form"] = desk.violations(axe, "#nbmlops-sidebar")
    desk.theme(THEMES[0])  # it is remembered for everybody on this server
    assert found == {name: [] for name in found}


def test_sections_and_forms_need_no_mouse(open_desk: Callable[..., Desk], wine: Path) -> None:
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    panel = desk.section("Notebook")
    expect(panel.locator(".nbmlops-Graph-step")).to_have_count(4)
    keys = desk.page.keyboard
    desk.sidebar.get_by_role("tab", name="Notebook").focus()
    keys.press("ArrowRight")
    expect(desk.sidebar.get_by_role("tab", name="Runs")).to_be_focused()
    expect(desk.sidebar.get_by_role("tab", name="Runs")).to_have_attribute("aria-selected", "true")
    keys.press("End")
    keys.press("Home")
    expect(desk.sidebar.get_by_role("tab", name="Notebook")).to_be_focused()

    desk.button("Export").focus()
    keys.press("Enter")
    form = desk.sidebar.get_by_role("form")
    expect(form.get_by_label("Notebook", exact=False).first).to_be_focused()
    keys.press("Escape")
    expect(form).to_have_count(0)

    desk.sidebar.locator(".nbmlops-Graph-step").nth(2).focus()
    keys.press("Enter")
    active = desk.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    )
    assert "RandomForest" in active
