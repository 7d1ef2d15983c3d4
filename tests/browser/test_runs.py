"""The list of runs, the page of a run and runs side by side: live, and there again after a reload."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.notebooks import HTML, write

WAITING = """%%mlops run slow
import time
from pathlib import Path
import nbmlops
for step in range(3):
    nbmlops.log_metric("loss", 1 / (1 + step), step=step)
while not Path("go").exists():
    time.sleep(0.1)
nbmlops.log_metric("loss", 0.125, step=3)"""


def test_a_run_is_seen_while_it_runs(open_desk: Callable[..., Desk], folder: Path) -> None:
    write(folder / "work.ipynb", "%load_ext nbmlops", WAITING)
    desk = open_desk()
    desk.open(f"{folder.name}/work.ipynb")
    panel = desk.section("Runs")
    expect(panel).to_contain_text("There is no project here yet.")
    desk.start_all()
    row = desk.run_named("slow")
    expect(row.locator(".nbmlops-Status.nbmlops-mod-running")).to_be_visible(timeout=90_000)
    row.dblclick()
    expect(desk.main).to_contain_text("0.33333")  # the last value so far
    (folder / "go").touch()
    expect(row.locator(".nbmlops-Status.nbmlops-mod-finished")).to_be_visible(timeout=60_000)
    expect(desk.main).to_contain_text("0.125")
    expect(desk.main.locator(".nbmlops-RunHead .nbmlops-mod-finished")).to_be_visible()


def test_two_are_compared_and_all_is_there_again_after_a_reload(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    panel = desk.section("Runs")
    expect(desk.runs).not_to_have_count(0)
    desk.button("Columns").click()
    desk.sidebar.get_by_label("Find a column").fill("notebook")
    panel.get_by_role("checkbox", name="Notebook").check()
    expect(panel.get_by_role("columnheader", name="Notebook")).to_be_visible()
    desk.button("Columns").click()

    desk.run_named("wine trees=25").locator(".nbmlops-Runs-box").click()
    desk.run_named("wine").first.locator(".nbmlops-Runs-box").click()
    desk.button("Compare").click()
    side = desk.main.get_by_role("group", name="Runs side by side")
    trees = side.locator("tr", has=desk.page.locator("th", has_text=re.compile("^trees")))
    shares = side.locator("tr", has=desk.page.locator("th", has_text=re.compile("^test_share")))
    expect(trees).to_contain_text("25")
    expect(trees).to_contain_text("100")
    expect(shares).to_have_count(1)
    desk.main.get_by_label("Only differences").check()
    expect(shares).to_have_count(0)

    desk.run_named("wine trees=25").dblclick()
    expect(desk.main.locator("h1")).to_have_text("wine trees=25")

    desk.reload("nbmlops-run-", "nbmlops-compare-", "only-differences", "nbmlops-sidebar", '"notebook"')
    expect(desk.sidebar.get_by_role("tab", name="Runs")).to_have_attribute("aria-selected", "true")
    expect(panel.get_by_role("columnheader", name="Notebook")).to_be_visible()
    expect(desk.main.locator("h1")).to_have_text("wine trees=25")
    desk.page.locator(".lm-TabBar-tab", has_text="Compare 2 runs").click()
    expect(trees).to_contain_text("100")
    expect(desk.main.get_by_label("Only differences")).to_be_checked()


def test_a_run_deleted_elsewhere_is_told_as_such(open_desk: Callable[..., Desk], lab: Lab, demo: Path) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.section("Runs")
    row = desk.run_named("wine trees=25")
    row.dblclick()
    expect(desk.main.locator("h1")).to_have_text("wine trees=25")
    lab.nbmlops("delete", "wine trees=25", folder=demo)
    expect(desk.main.get_by_role("alert").first).to_contain_text("This run is deleted. Below is what was known of it.")
    expect(desk.main.locator("h1")).to_have_text("wine trees=25")
    expect(row).to_have_count(0)
    desk.button("Bring back", within=desk.main).click()
    expect(desk.main.get_by_role("alert")).to_have_count(0)
    expect(row).to_be_visible()


def test_the_menu_of_a_run(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.section("Runs")
    row = desk.run_named("wine trees=25")
    row.click(button="right")
    desk.menu_item("Rename…").click()
    desk.dialog.get_by_role("textbox").fill("small")
    desk.dialog.get_by_role("button", name="Rename").click()
    row = desk.run_named("small")
    row.click(button="right")
    desk.menu_item("Copy runs:/ address").click()
    assert desk.page.evaluate("() => navigator.clipboard.readText()").startswith("runs:/")
    row.click(button="right")
    desk.menu_item("Delete…").click()
    desk.dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    desk.button("Filters").click()
    desk.sidebar.get_by_label("Deleted runs").check()
    row.click(button="right")
    desk.menu_item("Bring back").click()
    expect(row).to_have_count(0)
    desk.sidebar.get_by_label("Deleted runs").uncheck()
    expect(row).to_be_visible()


def test_html_in_the_name_of_a_run_stays_text(open_desk: Callable[..., Desk], lab: Lab, demo: Path) -> None:
    lab.nbmlops(
        "annotate", "wine trees=25", "--name", f"odd {HTML}", "--tag", f"kind={HTML}", "--note", HTML, folder=demo
    )
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.section("Runs")
    row = desk.runs.filter(has_text="<img")
    row.dblclick()
    expect(desk.main.locator("h1")).to_have_text(f"odd {HTML}")
    # Opening it has picked it.
    desk.run_named("wine").first.locator(".nbmlops-Runs-box").click()
    desk.button("Compare").click()
    expect(desk.main.get_by_role("button", name="<img").first).to_be_visible()
    assert desk.page.locator('img[src="x"]').count() == 0
    assert desk.page.evaluate("() => window.caught") is None
