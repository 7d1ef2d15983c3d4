"""Where Jupyter's own menus lead to the sidebar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.notebooks import write


def test_palette_main_menu_and_context_menus(open_desk: Callable[..., Desk], folder: Path) -> None:
    write(folder / "work.ipynb", "x = 1", "print(x)")
    (folder / "data").mkdir()
    (folder / "data" / "in.txt").write_text("4")
    desk = open_desk()
    desk.open(f"{folder.name}/work.ipynb")
    page, form = desk.page, desk.sidebar.get_by_role("form")
    expect(page.locator(".nbmlops-Badge")).to_have_count(2)

    desk.settle()
    desk.command("apputils:activate-command-palette")
    palette = page.locator("#modal-command-palette")
    palette.locator("input").fill("nbmlops")
    expect(palette.locator(".lm-CommandPalette-item", has_text="Track this notebook with nbmlops")).to_be_visible()
    palette.locator(".lm-CommandPalette-item", has_text="Snapshot…").click()
    expect(form.get_by_label("Message")).to_be_visible()
    desk.button("Cancel").click()
    expect(form).to_have_count(0)

    page.get_by_role("menuitem", name="nbmlops", exact=True).click()
    desk.menu_item("Track this notebook with nbmlops").click()
    expect(desk.sidebar.get_by_role("switch")).to_have_attribute("aria-checked", "true", timeout=90_000)
    page.get_by_role("menuitem", name="nbmlops", exact=True).click()
    desk.menu_item("Show what each cell is").click()
    expect(page.locator(".nbmlops-Badge")).to_have_count(0)

    desk.cell(1).locator(".jp-InputArea").click(button="right")
    desk.menu_item("Why does this cell stay or go?").click()
    expect(desk.cell(1).get_by_role("note")).to_be_visible()

    page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="work.ipynb").click(button="right")
    desk.menu_item("Export as a pipeline…").click()
    expect(form.get_by_label("Notebook", exact=False).first).to_have_value("work.ipynb")
    desk.button("Cancel").click()

    page.locator('.jp-SideBar [data-id="filebrowser"]').click()
    files = page.locator(".jp-DirListing-item")
    files.filter(has_text="data").click(button="right")
    expect(desk.menu_item("Export as a pipeline…")).to_have_count(0)
    desk.menu_item("Snapshot…").click()
    expect(form.get_by_label("Paths")).to_have_value("data")
    form.get_by_role("button", name="Snapshot", exact=True).click()
    desk.wait_for_job("snapshot")
    page.locator('.jp-SideBar [data-id="filebrowser"]').click()
    files.filter(has_text="work.ipynb").click(button="right")
    desk.menu_item("Export as a pipeline…").click()
    expect(form.get_by_label("Notebook", exact=False).first).to_have_value("work.ipynb")
