"""The notebook in front: tracked by a click, shown as a pipeline, tagged, exported and run with the mouse alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.notebooks import HTML, tag, write


def steps(desk: Desk) -> list[str]:
    return desk.sidebar.locator(".nbmlops-Graph-step > span:first-child").all_inner_texts()


def test_from_an_open_notebook_to_a_run_by_mouse_alone(open_desk: Callable[..., Desk], wine: Path) -> None:
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    panel = desk.section("Notebook")
    desk.button("Track").click()
    expect(panel.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    desk.run_all()
    expect(desk.sidebar.locator(".nbmlops-Graph-step")).to_have_count(4)
    assert steps(desk) == ["load", "prepare", "train", "evaluate"]
    train = desk.sidebar.locator(".nbmlops-Graph-step").nth(2)
    expect(train.locator("small")).to_contain_text(" s")  # measured
    desk.picture("notebook-light")

    desk.button("Export").click()
    desk.sidebar.get_by_role("form").get_by_role("button", name="Export").click()
    line = desk.wait_for_job("export")
    assert (wine / "pipelines" / "wine" / "pipeline.yaml").is_file()
    line.get_by_role("button", name="Run it").click()
    desk.sidebar.get_by_role("form").get_by_role("button", name="Run", exact=True).click()
    done = desk.wait_for_job("run")
    done.get_by_role("button", name="Show").click()
    expect(desk.page.locator(".nbmlops-Page")).to_contain_text("accuracy_score")


def test_a_tag_changes_the_picture(open_desk: Callable[..., Desk], wine: Path) -> None:
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    desk.section("Notebook")
    expect(desk.sidebar.locator(".nbmlops-Graph-step")).to_have_count(4)

    desk.select_cell(4)  # the one that loads
    desk.cell(4).hover()
    desk.cell(4).locator('[data-command="nbmlops:cell-menu"]').click()
    desk.page.get_by_role("menuitem", name="A step begins here").click()
    desk.page.get_by_label("Name of the step").fill("Fetch the wines")
    desk.page.get_by_role("button", name="Begin").click()
    expect(desk.sidebar.locator(".nbmlops-Graph-step").first).to_contain_text("fetch-the-wines")
    assert len(steps(desk)) == 1  # one tag, and headings count no more

    desk.command("nbmlops:tag-cell", {"role": "none"})
    expect(desk.sidebar.locator(".nbmlops-Graph-step")).to_have_count(4)


def test_why_a_cell_goes_is_said_in_place(open_desk: Callable[..., Desk], wine: Path) -> None:
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    desk.section("Notebook")
    badge = desk.cell(1).locator(".nbmlops-Badge")
    badge.get_by_role("button", name="left out").click()
    expect(badge.get_by_role("note")).to_contain_text("Left out:")
    in_list = desk.sidebar.locator(".nbmlops-Cells > li").first
    expect(in_list.get_by_role("note")).to_contain_text("Left out:")
    in_list.get_by_role("button", name="left out").click()
    expect(badge.get_by_role("note")).to_have_count(0)


def test_a_parameter_is_written_into_its_line(open_desk: Callable[..., Desk], wine: Path) -> None:
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    panel = desk.section("Notebook")
    panel.get_by_label("trees", exact=True).fill("25")
    desk.button("Write into the notebook").click()
    expect(desk.cell(2)).to_contain_text("trees = 25 # trees in the forest", use_inner_text=False)
    desk.save()
    desk.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = nbformat.read(wine / "wine.ipynb", as_version=4)
    assert saved.cells[2].source.startswith("trees = 25  # trees in the forest\n")


def test_a_stale_cell_and_the_run_of_a_cell_are_marked(open_desk: Callable[..., Desk], folder: Path) -> None:
    (folder / "in.txt").write_text("4")
    write(
        folder / "work.ipynb",
        "%load_ext nbmlops",
        "from pathlib import Path",
        "number = int(Path('in.txt').read_text())",
        "%%mlops run first\nimport nbmlops\nnbmlops.log_metric('number', number)",
    )
    desk = open_desk()
    desk.open(f"{folder.name}/work.ipynb")
    desk.section("Notebook")
    desk.run_all()
    expect(desk.cell(3).locator(".nbmlops-Badge")).to_contain_text("run first", timeout=60_000)
    (folder / "in.txt").write_text("5 is another number")
    desk.sidebar.get_by_role("button", name="Look again").click()
    expect(desk.cell(2).locator(".nbmlops-Badge")).to_contain_text("stale")
    desk.cell(2).locator(".nbmlops-Badge button").first.click()
    expect(desk.cell(2).get_by_role("note")).to_contain_text("in.txt")


def test_tracking_is_switched_off_and_on(open_desk: Callable[..., Desk], folder: Path) -> None:
    write(folder / "work.ipynb", "x = 1")
    desk = open_desk()
    desk.open(f"{folder.name}/work.ipynb")
    panel = desk.section("Notebook")
    desk.button("Track").click()
    switch = panel.get_by_role("switch")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    assert "off" in desk.execute("%mlops track")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")


def test_another_language_is_said_to_be_one(open_desk: Callable[..., Desk], folder: Path) -> None:
    write(folder / "julia.ipynb", "x = 1", kernel="julia-1.11", language="julia")
    desk = open_desk()
    desk.open(f"{folder.name}/julia.ipynb")
    # The kernel is not installed: Jupyter asks for another, and gets none.
    no_kernel = desk.page.locator(".jp-Dialog").get_by_role("button", name="No Kernel", exact=True)
    no_kernel.click()
    panel = desk.section("Notebook")
    expect(panel).to_contain_text("This notebook is in julia; only Python is understood.")


@pytest.mark.parametrize("where", ["heading", "code", "file"])
def test_html_in_names_stays_text(open_desk: Callable[..., Desk], folder: Path, where: str) -> None:
    name = "odd <b>name" if where == "file" else "odd"
    write(
        folder / f"{name}.ipynb",
        f"# {HTML}\nvalue = 1" if where == "code" else "value = 1",
        "print(value)",
    )
    if where == "heading":
        tag(folder / "odd.ipynb", 0, [f"step:{HTML}"])
    desk = open_desk()
    desk.open(f"{folder.name}/{name}.ipynb")
    panel = desk.section("Notebook")
    expect(panel.locator(".nbmlops-Cells > li")).to_have_count(2)
    assert panel.locator("img").count() == 0
    assert desk.page.evaluate("() => window.caught") is None
