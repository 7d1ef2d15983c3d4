"""The same build in Jupyter Notebook 7, which has no shell of JupyterLab's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab


@pytest.fixture
def notebook7(tmp_path: Path, shared_cache: Path) -> Iterator[Lab]:
    server = Lab(tmp_path / "notebook7", shared_cache, app="notebook")
    server.start()
    yield server
    server.stop()


def test_the_sidebar_the_badges_and_a_run(open_desk: Callable[..., Desk], notebook7: Lab, wine: Path) -> None:
    place = notebook7.root / "wine"
    wine.rename(place)
    desk = open_desk(notebook7)
    desk.page.goto(notebook7.page_of("wine/wine.ipynb"))
    desk.page.locator(".jp-Notebook").first.wait_for()
    desk.page.get_by_role("menuitem", name="nbmlops", exact=True).click()
    desk.page.get_by_role("menuitem", name="Show the nbmlops sidebar").click()
    panel = desk.sidebar.get_by_role("tabpanel")
    expect(panel.locator(".nbmlops-Graph-step")).to_have_count(4)
    desk.button("Track").click()
    expect(panel.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    desk.page.get_by_role("menuitem", name="Run", exact=True).click()
    desk.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    desk.sidebar.get_by_role("tab", name="Runs").click()
    expect(desk.run_named("RandomForestClassifier")).to_be_visible(timeout=120_000)
    desk.picture("notebook7")
