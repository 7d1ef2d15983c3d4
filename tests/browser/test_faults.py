"""What the sidebar says when something is wrong; and that it goes on as soon as it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab


@pytest.fixture
def own_lab(tmp_path: Path, shared_cache: Path) -> Iterator[Lab]:
    """One to be stopped and started; the server half of nbmlops is switched off at first."""
    server = Lab(tmp_path / "lab", shared_cache, extensions=False)
    server.start()
    yield server
    server.stop()


def not_again(dialog: Locator) -> None:
    """Jupyter may say in dialogs that its server is gone, again and again if nobody forbids it."""
    forbid = dialog.get_by_label("Do not show this message again in this session.")
    if forbid.count():
        forbid.first.check()
    dialog.get_by_role("button", name="Close").last.click()


def test_the_server_half_comes_and_the_server_goes(open_desk: Callable[..., Desk], own_lab: Lab) -> None:
    own_lab.nbmlops("init", folder=own_lab.root)
    desk = open_desk(own_lab)
    desk.page.add_locator_handler(desk.dialog, not_again)
    desk.page.goto(own_lab.page_of(""))
    desk.page.locator('.jp-SideBar [data-id="nbmlops-sidebar"]').wait_for()
    desk.show_note()
    expect(desk.sidebar).to_contain_text("The server half of nbmlops is not there.")
    desk.picture("fault-no-server-half")

    own_lab.stop()
    own_lab.switch_on()
    own_lab.start()
    desk.button("Ask again").click()
    panel = desk.section("Runs")
    expect(panel).to_contain_text("There are no runs yet.")

    own_lab.stop()
    desk.button("Look again").click()
    expect(panel.get_by_role("alert")).to_contain_text("The Jupyter server does not answer.")
    desk.picture("fault-no-server")
    own_lab.start()
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(panel).to_contain_text("There are no runs yet.")
    # Lab's own complaints about its lost sockets are not ours.
    desk.errors.clear()


def test_a_store_that_is_broken_or_locked(open_desk: Callable[..., Desk], demo: Path) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    panel = desk.section("Runs")
    row = desk.run_named("wine trees=25")
    expect(row).to_be_visible()
    store = demo / ".nbmlops" / "mlflow.db"
    with sqlite3.connect(store) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        desk.button("Look again").click()
        row.click(button="right")
        desk.menu_item("Tag…").click()
        desk.dialog.get_by_role("textbox").fill("team=red")
        desk.dialog.get_by_role("button", name="Tag").click()
        expect(desk.dialog).to_contain_text("in use by another process", timeout=90_000)
        desk.dialog.get_by_role("button").last.click()
        lock.rollback()
    lock.close()

    whole = store.read_bytes()
    for rest in demo.glob(".nbmlops/mlflow.db-*"):
        rest.unlink()
    store.write_bytes(b"This is no database." * 4096)
    desk.button("Look again").click()
    expect(panel.get_by_role("alert")).to_be_visible(timeout=60_000)
    desk.picture("fault-broken-store")
    store.write_bytes(whole)
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(row).to_be_visible()


def test_a_notebook_of_50_mb_sends_only_its_sources(open_desk: Callable[..., Desk], folder: Path) -> None:
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for number in range(50):
        cell = nbformat.v4.new_code_cell(f"x_{number} = {number}", id=f"cell-{number}", execution_count=number + 1)
        # Nothing that the page would draw: it is the size that counts here.
        cell.outputs = [nbformat.v4.new_output("display_data", data={"application/x-large": "0" * (1 << 20)})]
        notebook.cells.append(cell)
    nbformat.write(notebook, folder / "large.ipynb")
    assert (folder / "large.ipynb").stat().st_size > 50 << 20
    desk = open_desk()
    desk.open(f"{folder.name}/large.ipynb")
    panel = desk.section("Notebook")
    expect(panel.locator(".nbmlops-Cells > li")).to_have_count(50, timeout=60_000)
    asked = [request for request in desk.asked if "/nbmlops/api/cells" in request.url]
    assert asked
    assert all(len(request.post_data or "") < 20_000 for request in asked)
