"""Reconcilers by mouse and by keys: why each acts or waits, and what people agree to, also at a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import kept_fresh
from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.test_access import AXE, THEMES

SLOW_MS = 60_000


@pytest.fixture
def wine(lab: Lab, folder: Path) -> Path:
    """Nobody has looked yet, and nothing is proposed."""
    kept_fresh.make(folder, lab)
    return folder


@pytest.fixture
def proposed(lab: Lab, wine: Path) -> Path:
    """Version 2 is proposed, in place of 1."""
    kept_fresh.propose(wine)
    lab.nbmlops("reconcile", "wine-train", "price-train", folder=wine)
    return wine


def line(panel: Locator, name: str) -> Locator:
    return panel.locator(".nbmlops-Reconciler", has=panel.page.get_by_role("button", name=name, exact=True))


def state_is(panel: Locator, name: str, word: str, tone: str = "") -> None:
    state = line(panel, name).locator(".nbmlops-Deployment-state")
    expect(state).to_have_text(word, timeout=SLOW_MS)
    if tone:
        expect(state).to_have_class(re.compile(rf"\bnbmlops-tone-{tone}\b"))


def timeline(panel: Locator) -> Locator:
    return panel.get_by_role("list", name="What has happened").get_by_role("listitem")


def shown(desk: Desk, folder: Path) -> Locator:
    desk.open(f"{folder.name}/work.ipynb")
    return desk.section("Reconcilers")


def test_each_says_how_it_is_and_why(open_desk: Callable[..., Desk], lab: Lab, proposed: Path) -> None:
    desk = open_desk()
    panel = shown(desk, proposed)
    state_is(panel, "price-train", "in sync", "good")
    state_is(panel, "wine-deploy", "not looked at yet", "dim")
    state_is(panel, "wine-train", "proposal open", "warn")
    assert desk.sidebar.get_by_role("tablist").evaluate("tabs => tabs.scrollWidth <= tabs.clientWidth")
    expect(line(panel, "wine-train")).to_contain_text("Version 2 is proposed, in place of 1")
    desk.button("Copy place of the proposal").click()
    assert desk.page.evaluate("() => navigator.clipboard.readText()") == kept_fresh.BRANCH

    desk.button("price-train").click()
    reasons = panel.get_by_role("list", name="Why").get_by_role("listitem")
    expect(reasons.locator("strong")).to_have_text(["any", "python", "all", "python", "python"])
    expect(reasons.nth(1)).to_have_text("python 3 complaints, 20 may be")
    expect(reasons.nth(3)).to_have_class("nbmlops-tone-warn")
    expect(reasons.nth(4)).to_have_class("nbmlops-tone-dim")
    indents = reasons.evaluate_all("all => all.map(each => getComputedStyle(each).paddingInlineStart)")
    assert indents == ["0px", "12px", "12px", "24px", "24px"]
    # Opening one closes the other.
    desk.button("wine-train").click()
    expect(panel.get_by_role("list", name="Why")).to_have_count(1)
    expect(timeline(panel).locator("strong")).to_have_text(["proposed", "judged", "trained", "began"])
    expect(timeline(panel).first).to_contain_text("4 min ago")
    expect(line(panel, "wine-train")).to_contain_text(re.compile(r"looked at .* ago\s*due again( in \d+ min)?"))
    # In a panel that is as narrow as it can be made, nothing sticks out.
    panel.evaluate("panel => { panel.style.width = '230px'; }")
    outside = panel.evaluate("""panel => [...panel.querySelectorAll('*')].filter(each =>
        each.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1).map(each => each.outerHTML)""")
    assert panel.evaluate("panel => panel.clientWidth") <= 230
    assert outside == []
    desk.picture("reconcilers-narrow")


def test_what_a_terminal_does_meanwhile_is_seen(open_desk: Callable[..., Desk], lab: Lab, wine: Path) -> None:
    desk = open_desk()
    panel = shown(desk, wine)
    state_is(panel, "price-train", "not looked at yet", "dim")
    lab.nbmlops("reconcile", "price-train", folder=wine)
    state_is(panel, "price-train", "in sync", "good")
    (wine / "needs" / "complaints.py").write_text("def many():\n    raise ValueError('the file is gone')\n")
    desk.button("price-train").click()
    desk.button("Reconcile").click()
    state_is(panel, "price-train", "unknown", "bad")
    expect(timeline(panel).first).to_contain_text("the file is gone")
    desk.wait_for_job("reconcile", "not good")

    broken = wine / "reconcilers" / "broken.yaml"
    broken.write_text("apiVersion: nbmlops.dev/v1\nkind: Trainer\nmetadata: {name: broken}\nspec:\n  model: [\n")
    refused = panel.locator(".nbmlops-Reconciler-refused")
    expect(refused).to_contain_text(re.compile(r"broken\.yaml:6: it is no YAML"))
    expect(refused).to_have_class(re.compile("nbmlops-tone-bad"))
    # It stops no other.
    expect(panel.locator(".nbmlops-Reconciler")).to_have_count(3)
    broken.unlink()
    expect(refused).to_have_count(0)


def test_one_is_suspended_and_goes_on_by_keys_alone(open_desk: Callable[..., Desk], lab: Lab, wine: Path) -> None:
    lab.nbmlops("reconcile", "price-train", folder=wine)
    desk = open_desk()
    panel = shown(desk, wine)
    state_is(panel, "price-train", "in sync")
    keys = desk.page.keyboard
    desk.settle()
    desk.sidebar.get_by_role("tab", name="Reconcilers").focus()
    keys.press("Tab")  # what reads all anew
    keys.press("Tab")
    expect(desk.button("price-train")).to_be_focused()
    keys.press("Enter")
    expect(desk.button("price-train")).to_have_attribute("aria-expanded", "true")
    keys.press("Tab")
    expect(desk.button("Reconcile")).to_be_focused()
    keys.press("Tab")
    expect(desk.button("Suspend")).to_be_focused()
    keys.press("Space")
    state_is(panel, "price-train", "suspended", "dim")
    # It is the same button.
    expect(desk.button("Let it go on")).to_be_focused()
    keys.press("Shift+Tab")
    keys.press("Enter")
    desk.wait_for_job("reconcile")
    state_is(panel, "price-train", "suspended", "dim")
    expect(timeline(panel).first).to_contain_text("suspended")
    keys.press("Tab")
    keys.press("Enter")
    expect(timeline(panel).first).to_contain_text("goes on by hand")
    state_is(panel, "price-train", "not looked at yet", "dim")
    desk.button("Reconcile").click()
    state_is(panel, "price-train", "in sync", "good")


def test_a_proposal_is_approved(open_desk: Callable[..., Desk], lab: Lab, proposed: Path) -> None:
    desk = open_desk()
    panel = shown(desk, proposed)
    assert kept_fresh.said(proposed) == "1"
    desk.button("Approve…").click()
    expect(desk.dialog).to_contain_text("Let version 2 of wine be merged?")
    desk.dialog.get_by_role("button", name="Cancel").click()
    assert kept_fresh.said(proposed) == "1"
    desk.button("Approve…").click()
    desk.dialog.get_by_role("button", name="Approve").click()
    desk.wait_for_job("approve")
    assert kept_fresh.said(proposed) == "2"
    assert kept_fresh.champion(proposed) == "2"
    expect(desk.button("Approve…")).to_have_count(0)
    state_is(panel, "wine-train", "not looked at yet", "dim")
    expect(line(panel, "wine-train")).to_contain_text("2 was approved")
    desk.button("wine-train").click()
    expect(timeline(panel).first).to_contain_text("merged 2 was approved")
    desk.button("Reconcile").click()
    state_is(panel, "wine-train", "in sync", "good")
    expect(line(panel, "wine-train")).to_contain_text("version 2")


def test_a_proposal_is_rejected(open_desk: Callable[..., Desk], lab: Lab, proposed: Path) -> None:
    desk = open_desk()
    panel = shown(desk, proposed)
    assert kept_fresh.BRANCH in kept_fresh.heads(proposed)
    desk.button("Reject…").focus()
    desk.page.keyboard.press("Enter")
    expect(desk.dialog).to_contain_text("Reject version 2 of wine?")
    expect(desk.dialog).to_contain_text("never proposed again")
    desk.dialog.get_by_role("button", name="Reject").click()
    desk.wait_for_job("reject")
    assert kept_fresh.heads(proposed) == {"main"}
    assert kept_fresh.said(proposed) == "1"
    assert kept_fresh.champion(proposed) == "1"
    expect(desk.button("Reject…")).to_have_count(0)
    desk.button("wine-train").click()
    expect(timeline(panel).first).to_contain_text("rejected")


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_desk: Callable[..., Desk], lab: Lab, proposed: Path, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make sidebar")
    (proposed / "reconcilers" / "broken.yaml").write_text("kind: [\n")
    desk = open_desk()
    panel = shown(desk, proposed)
    desk.theme(theme)
    desk.button("wine-train").click()
    expect(timeline(panel)).not_to_have_count(0)
    expect(panel.locator(".nbmlops-Reconciler-refused")).to_have_count(1)
    desk.picture(f"reconcilers-{theme.removeprefix('JupyterLab ').lower().replace(' ', '-')}")
    found = desk.violations(AXE, "#nbmlops-sidebar")
    desk.theme(THEMES[0])
    assert found == []
