"""Runs in the sidebar and in the main area, by mouse and by keyboard."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Response, Route, expect

from tests.browser.desk import Desk

SCRIPT = """
import os, sys
from pathlib import Path
from nbmlops.track import address
from nbmlops.track.messages import Point
from nbmlops.track.writer import Writer
root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.environ.update(address.own_environment())
uri = address.tracking_uri(root)
writer = Writer(uri, root)
now = 1_900_000_000_000 + int(sys.argv[4])
for number in range(count):
    run = writer.open_run(name.format(number), "made", tags={}, params={"number": str(number)}, started_ms=now + number)
    writer.log_metrics(run, [Point("score", (number * 37 % 101) / 101 + step, step, now) for step in range(4)])
    writer.end_run(run)
"""
"""Runs as another process writes them."""


def write_runs(desk: Desk, project: Path, name: str, count: int = 1, later: int = 0) -> None:
    """`later`: milliseconds after those of other calls."""
    command = [sys.executable, "-c", SCRIPT, str(project), name, str(count), str(later)]
    environment = {**os.environ, **desk.lab.environment}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)


def opened(open_desk: Callable[..., Desk], project: Path) -> tuple[Desk, Locator]:
    """The list of runs, with its first rows, and keys that stay where they are."""
    desk = open_desk()
    desk.open(f"{project.name}/wine.ipynb")
    panel = desk.section("Runs")
    expect(row(panel, "wine trees=25")).to_be_visible()
    desk.settle()
    return desk, panel


def row(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("row").filter(has_text=name).first


def menu(desk: Desk, panel: Locator, name: str, command: str) -> None:
    row(panel, name).click(button="right")
    desk.page.get_by_role("menuitem", name=command, exact=True).click()


def answer(desk: Desk, text: str) -> None:
    desk.page.locator(".jp-Dialog input").fill(text)
    desk.page.keyboard.press("Enter")


def is_layout_with_run(response: Response) -> bool:
    """Lab saves its layout some time after it has changed."""
    request = response.request
    is_layout = request.method == "PUT" and "/api/workspaces/" in request.url
    return is_layout and "nbmlops-run-" in (request.post_data or "")


def test_who_opens_a_notebook_before_the_server_has_answered_is_told_of_its_project(
    open_desk: Callable[..., Desk], demo: Path
) -> None:
    desk = open_desk()

    def slow(route: Route) -> None:
        desk.page.wait_for_timeout(5000)
        route.continue_()

    # Of the folder that is shown before any notebook is: it has no project.
    desk.page.route(re.compile(r"/nbmlops/api/changes\?folder=&"), slow)
    with desk.page.expect_request(re.compile(rf"/nbmlops/api/changes\?folder={demo.name}&"), timeout=25_000):
        desk.open(f"{demo.name}/wine.ipynb")
        desk.section("Runs")
    write_runs(desk, demo, "another")
    expect(row(desk.section("Runs"), "another")).to_be_visible(timeout=10_000)


def test_a_run_that_another_process_writes_comes_by_itself(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    name = "<img src=x onerror=alert(1)>"
    write_runs(desk, demo, name)
    expect(row(panel, name)).to_be_visible()
    expect(row(panel, name).locator(".nbmlops-Sparkline")).to_have_count(0)  # another metric is the list's
    expect(panel.locator("img")).to_have_count(0)
    assert desk.errors == []


def test_lists_are_searched_filtered_and_sorted(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    panel.get_by_role("searchbox", name="Search runs").fill("trees=25")
    expect(panel.locator(".nbmlops-Runs-row")).to_have_count(1)
    panel.get_by_role("searchbox", name="Search runs").fill("")
    desk.button("Filters", within=panel).click()
    condition = panel.get_by_role("combobox", name="Condition")
    condition.fill("accuracy_s")
    # The names are asked for when the filters are opened.
    expect(panel.get_by_role("option", name="accuracy_score", exact=True)).to_be_visible()
    condition.press("ArrowDown")
    condition.press("Enter")
    expect(condition).to_have_value("accuracy_score ")
    condition.press_sequentially("> 0.95")
    condition.press("Enter")
    expect(panel.locator(".nbmlops-Runs-row")).to_have_count(2)
    desk.button("Without accuracy_score > 0.95", within=panel).click()
    expect(panel.locator(".nbmlops-Runs-row")).to_have_count(11)
    panel.get_by_role("columnheader", name="Run").get_by_role("button").click()
    expect(panel.get_by_role("columnheader", name="Run")).to_have_attribute("aria-sort", "ascending")
    expect(panel.locator(".nbmlops-Runs-row").first).to_contain_text("evaluate")


def test_runs_are_named_tagged_deleted_and_brought_back(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    row(panel, "wine trees=25").dblclick()
    page = desk.page.locator(".nbmlops-RunPage")
    expect(page.get_by_role("heading", level=1)).to_have_text("wine trees=25")
    menu(desk, panel, "wine trees=25", "Rename…")
    answer(desk, "the best <b>yet</b>")
    # The first write of a server imports MLflow, which takes its time on a busy machine.
    expect(page.get_by_role("heading", level=1)).to_have_text("the best <b>yet</b>", timeout=120_000)
    menu(desk, panel, "the best", "Tag…")
    answer(desk, "team=vision")
    expect(page.get_by_role("list", name="Tags")).to_contain_text("team = vision")
    page.get_by_role("textbox", name="Note").fill("fewer trees do")
    desk.button("Save", within=page).click()
    expect(desk.button("Save", within=page)).to_have_count(0)
    menu(desk, panel, "the best", "Delete…")
    desk.page.locator(".jp-Dialog").get_by_role("button", name="Delete").click()
    expect(row(panel, "the best")).to_have_count(0)
    expect(page).to_contain_text("This run is deleted")
    expect(page).to_contain_text("fewer trees do")
    desk.button("Bring back", within=page).click()
    expect(row(panel, "the best")).to_be_visible()
    expect(page).not_to_contain_text("This run is deleted")


def test_what_is_copied_can_be_pasted(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    for command, form in (("Copy runs:/ address", r"runs:/[0-9a-f]{32}"), ("Copy data snapshot id", r"[0-9a-f]{64}")):
        menu(desk, panel, "wine trees=25", command)
        assert re.fullmatch(form, desk.page.evaluate("navigator.clipboard.readText()"))


def test_runs_are_picked_and_compared_without_a_mouse(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    grid = panel.get_by_role("treegrid", name="Runs")
    keys = desk.page.keyboard
    grid.focus()
    keys.press("Space")
    for _ in range(5):
        keys.press("ArrowDown")
    keys.press("Space")
    active = grid.get_attribute("aria-activedescendant")
    expect(grid.locator(f'[id="{active}"]')).to_have_attribute("aria-selected", "true")
    expect(grid.get_by_role("row", selected=True)).to_have_count(2)
    desk.button("Compare", within=panel).press("Enter")
    page = desk.page.locator(".nbmlops-Compare")
    table = page.get_by_role("table").first
    expect(table.get_by_role("row", name=re.compile("^trees"))).to_contain_text("25")
    expect(page.locator(".nbmlops-Suspects")).to_contain_text("25")
    expect(page.locator(".nbmlops-CellDiffs").first).to_contain_text("trees = 25")
    expect(page.locator(".nbmlops-Parallel path").first).to_be_attached()
    page.get_by_label("Only differences").check()
    expect(table.get_by_role("row", name=re.compile("^seed"))).to_have_count(0)
    assert desk.errors == []


def test_pages_are_there_again_after_a_reload(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb", workspace="kept")
    panel = desk.section("Runs")
    heading = desk.page.locator(".nbmlops-RunPage h1")
    with desk.page.expect_response(is_layout_with_run, timeout=60_000):
        row(panel, "wine trees=25").dblclick()
    expect(heading).to_have_text("wine trees=25")
    desk.page.reload()
    expect(heading).to_have_text("wine trees=25")


def test_an_executed_notebook_is_read_and_copied(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    menu(desk, panel, "wine trees=25", "Executed notebook")
    page = desk.page.locator(".nbmlops-Executed")
    expect(page.locator(".jp-Cell").first).to_be_visible()
    expect(page.locator(".cm-content:not([aria-readonly=true])")).to_have_count(0)
    page.get_by_role("combobox", name="Step").select_option("train")
    expect(page.locator(".jp-Cell").first).to_contain_text("Train")
    desk.button("Save a copy…", within=page).click()
    answer(desk, "copy.ipynb")
    expect(desk.page.get_by_text("Saved as copy.ipynb.")).to_be_visible()
    assert (demo / "copy.ipynb").is_file()
    assert desk.errors == []


def test_a_long_list_is_scrolled_without_paging(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk, panel = opened(open_desk, demo)
    write_runs(desk, demo, "made {}", 400)
    expect(row(panel, "made 399")).to_be_visible()
    grid = panel.get_by_role("treegrid", name="Runs")
    grid.focus()
    desk.page.keyboard.press("End")
    expect(grid.locator(".nbmlops-mod-cursor")).to_contain_text("wine")
    assert grid.locator(".nbmlops-Runs-row").count() < 100
    place = grid.evaluate("grid => grid.scrollTop")
    write_runs(desk, demo, "another", later=10_000)
    expect(panel.get_by_role("status").filter(has_text="412 runs")).to_be_visible()
    # It has moved down by one row, and the view with it.
    expect(grid.locator(".nbmlops-mod-cursor")).to_contain_text("wine")
    desk.page.wait_for_function(
        "place => document.querySelector('.nbmlops-Runs-grid').scrollTop === place + 24", arg=place
    )
    desk.page.keyboard.press("Home")
    expect(row(panel, "made 399")).to_be_visible()
