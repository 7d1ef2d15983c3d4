"""The notebook in front: tracked by a click, shown as a pipeline, tagged, exported and run with the mouse alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk


def steps(desk: Desk) -> list[str]:
    return desk.sidebar.locator(".nbmlops-Graph-step > span:first-child").all_inner_texts()


def test_from_an_open_notebook_to_a_finished_run_with_the_mouse_alone(
    open_desk: Callable[..., Desk], wine: Path
) -> None:
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    panel = desk.section("Notebook")
    desk.button("Track").click()
    expect(panel.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    desk.run_all()
    expect(desk.sidebar.locator(".nbmlops-Graph-step")).to_have_count(4)
    assert steps(desk) == ["load", "prepare", "train", "evaluate"]
    desk.picture("notebook-light")

    desk.button("Export").click()
    desk.sidebar.get_by_role("form").get_by_role("button", name="Export").click()
    line = desk.wait_for_job("export")
    assert (wine / "pipelines" / "wine" / "pipeline.yaml").is_file()
    line.get_by_role("button", name="Run it").click()
    desk.sidebar.get_by_role("form").get_by_role("button", name="Run", exact=True).click()
    done = desk.wait_for_job("run")
    done.get_by_role("button", name="Show").click()
    page = desk.page.locator(".nbmlops-Page")
    expect(page).to_contain_text("accuracy_score")
    assert not desk.errors
    assert not desk.elsewhere
