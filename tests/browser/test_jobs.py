"""Work that takes long: seen as it goes, stopped, gone on with; over a reload and in two tabs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.notebooks import tag, write


@pytest.fixture
def slow(lab: Lab, folder: Path) -> Path:
    """A pipeline whose second step waits for the file `go`."""
    write(
        folder / "slow.ipynb",
        "value = 1",
        f"import time\nfrom pathlib import Path\nwhile not Path({str(folder / 'go')!r}).exists():\n    time.sleep(0.1)",
        "total = value + 1",
    )
    tag(folder / "slow.ipynb", 0, ["step:first"])
    tag(folder / "slow.ipynb", 1, ["step:second", "keep"])
    lab.nbmlops("init", folder=folder)
    lab.nbmlops("export", "slow.ipynb", "--no-verify", folder=folder)
    return folder


def test_a_job_goes_on_over_a_reload_is_stopped_and_resumed(open_desk: Callable[..., Desk], slow: Path) -> None:
    desk = open_desk()
    desk.open(f"{slow.name}/slow.ipynb")
    panel = desk.section("Pipelines")
    desk.button("Run…").click()
    desk.sidebar.get_by_role("form").get_by_role("button", name="Run", exact=True).click()
    line = desk.sidebar.locator(".nbmlops-Job").first
    expect(line).to_contain_text("running")
    expect(line.get_by_role("progressbar").first).to_be_visible()
    running = panel.locator(".nbmlops-Steps > li", has_text="second")
    expect(running.get_by_role("img", name="running")).to_be_visible(timeout=90_000)
    desk.picture("pipeline-running")

    desk.reload("nbmlops-sidebar", "pipelines")
    expect(line).to_contain_text("running")
    expect(running).to_contain_text("cell 1 of 2", timeout=60_000)
    desk.button("Stop run", within=line).click()
    desk.wait_for_job("run", "stopped")
    expect(panel.get_by_role("img", name="stopped").first).to_be_visible()

    (slow / "go").touch()
    panel.get_by_role("button", name="Resume…").click()
    desk.sidebar.get_by_role("form").get_by_role("button", name="Resume", exact=True).click()
    desk.wait_for_job("resume")
    expect(panel.locator(".nbmlops-Steps").first.get_by_role("img", name="done").first).to_be_visible()


def test_what_was_kept_is_restored_by_mouse_and_seen_in_two_tabs(open_desk: Callable[..., Desk], folder: Path) -> None:
    write(folder / "work.ipynb", "x = 1")
    (folder / "in.txt").write_text("as it was")
    desk, other = open_desk(), open_desk()
    desk.open(f"{folder.name}/work.ipynb")
    desk.section("Notebook")
    other.open(f"{folder.name}/work.ipynb")
    data = other.section("Data")
    expect(data).to_contain_text("There is no project here yet.")
    other.button("Make one now", within=data).click()
    expect(data).to_contain_text("Nothing is kept yet", timeout=60_000)

    desk.button("Snapshot").click()
    form = desk.sidebar.get_by_role("form")
    form.get_by_label("Paths").fill("in.txt")
    form.get_by_label("Message").fill("before")
    form.get_by_role("button", name="Snapshot", exact=True).click()
    desk.wait_for_job("snapshot")
    other.wait_for_job("snapshot")
    kept = other.sidebar.locator(".nbmlops-Snapshots > li", has_text="before")
    expect(kept).to_be_visible()

    (folder / "in.txt").write_text("as somebody spoilt it")
    desk.section("Data")
    desk.button("Restore before…").click()
    form.get_by_label("Force").check()
    form.get_by_role("button", name="Restore", exact=True).click()
    desk.wait_for_job("restore")
    assert (folder / "in.txt").read_text() == "as it was"

    desk.button("Restore before…").click()
    form.get_by_label("Snapshot").fill("nothing-such")
    form.get_by_role("button", name="Restore", exact=True).click()
    failed = desk.wait_for_job("restore", "failed")
    expect(failed.get_by_role("alert")).to_contain_text("nothing-such")
    desk.button("Put restore away", within=failed).click()
    expect(desk.sidebar.locator(".nbmlops-Job", has_text="nothing-such")).to_have_count(0)


def test_the_newest_run_is_packed_by_mouse(open_desk: Callable[..., Desk], lab: Lab, demo: Path) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.section("Notebook")
    desk.button("Pack").click()
    form = desk.sidebar.get_by_role("form")
    expect(form.get_by_label("Source")).to_have_value("pipelines/wine")
    form.get_by_label("Tag", exact=True).fill("by-mouse:v1")
    form.get_by_role("button", name="Pack", exact=True).click()
    desk.wait_for_job("pack")
    assert "by-mouse:v1" in lab.nbmlops("packages", folder=demo)
