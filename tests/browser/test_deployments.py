"""Deployments by mouse and by keys: asked, tried on some requests, rolled back and stopped, also at a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import mlflow.sklearn
import pandas as pd
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.notebooks import write
from tests.browser.test_quiet import SEEN
from tests.services.servers import free_port

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
KITFILE = "manifestVersion: 1.0.0\npackage: {name: line}\nmodel: {name: line, path: model}\n"
SLOW_MS = 90_000
"""A process that loads a model has to come up."""


@pytest.fixture(scope="session")
def kits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `double` and `triple`, with a model each that does so, and an input example."""
    from sklearn.linear_model import LinearRegression

    place = tmp_path_factory.mktemp("kits")
    x = pd.DataFrame({"x": [1.0, 2.0]})
    for name, slope in (("double", 2.0), ("triple", 3.0)):
        mlflow.sklearn.save_model(
            LinearRegression().fit(x, slope * x["x"]), str(place / name / "model"), input_example=x,
            pip_requirements=["scikit-learn"],
        )  # fmt: skip
        (place / name / "Kitfile").write_text(KITFILE)
    return place


@pytest.fixture
def line(lab: Lab, packages: Path, folder: Path, kits: Path, deploy: Callable[..., str]) -> Path:
    """A project with the packages line:v1, which doubles, and line:v2, which triples. Nothing is deployed."""
    write(folder / "work.ipynb", "x = 1")
    lab.nbmlops("init", folder=folder)
    lab.nbmlops("pack", str(kits / "double"), "-t", "line:v1", folder=folder)
    lab.nbmlops("pack", str(kits / "triple"), "-t", "line:v2", folder=folder)
    deploy(folder=folder)
    return folder


def revision(panel: Locator, number: int) -> Locator:
    return panel.locator(".nbmlops-Revision", has=panel.page.get_by_text(str(number), exact=True))


def state_is(panel: Locator, word: str) -> None:
    expect(panel.locator(".nbmlops-Deployment-state")).to_have_text(word, timeout=SLOW_MS)


def router(lab: Lab, folder: Path) -> int:
    """Its process."""
    (found,) = json.loads(lab.nbmlops("deployments", "--json", folder=folder))["deployments"]
    pid: int = found["pid"]
    return pid


def test_from_a_package_over_a_canary_and_back_again(
    open_desk: Callable[..., Desk], lab: Lab, line: Path, deploy: Callable[..., str]
) -> None:
    desk = open_desk()
    desk.open(f"{line.name}/work.ipynb")
    panel = desk.section("Deployments")
    expect(panel).to_contain_text("Nothing is deployed yet")
    assert desk.sidebar.get_by_role("tablist").evaluate("tabs => tabs.scrollWidth <= tabs.clientWidth")
    desk.section("Packages")
    desk.button("line:v1").click()
    desk.button("Deploy…").click()
    form = desk.sidebar.get_by_role("form")
    expect(form.get_by_label("Package")).to_have_value("line:v1")
    form.get_by_label("Name").fill("line")
    form.get_by_text("More", exact=True).click()
    port = free_port()
    form.get_by_label("Port").fill(str(port))
    form.get_by_role("button", name="Deploy", exact=True).click()

    panel = desk.section("Deployments")
    state_is(panel, "healthy")
    desk.button("line").click()
    expect(revision(panel, 1)).to_contain_text("line:v1")
    expect(revision(panel, 1)).to_contain_text("100 %")
    expect(revision(panel, 1)).to_contain_text("1/1 ready")
    desk.button("Copy address of line").click()
    assert desk.page.evaluate("() => navigator.clipboard.readText()") == f"http://127.0.0.1:{port}"

    desk.button("Predict…").click()
    form.get_by_label("Data").fill('[{"x": 7}]')
    form.get_by_role("button", name="Predict", exact=True).click()
    answer = panel.get_by_role("group", name="Predictions of line")
    expect(answer).to_contain_text("14", timeout=SLOW_MS)
    expect(answer).to_contain_text("Revision 1 has answered")
    expect(panel.get_by_role("slider")).to_have_count(0)

    # A second one, for some of the requests.
    desk.button("New revision…").click()
    expect(form.get_by_label("Name")).to_have_value("line")
    form.get_by_label("Package").fill("line:v2")
    form.get_by_label("Canary").fill("20")
    form.get_by_role("button", name="Deploy", exact=True).click()
    expect(revision(panel, 2)).to_contain_text("20 % canary", timeout=SLOW_MS)
    expect(revision(panel, 1)).to_contain_text("80 %")
    slider = panel.get_by_role("slider")
    expect(slider).to_have_value("20")
    desk.picture("deployments-canary")

    # With the mouse it applies once it is let go.
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + 0.22 * box["width"], middle)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=5)
    expect(slider).not_to_have_value("20")
    expect(revision(panel, 2)).to_contain_text("20 % canary")
    desk.page.mouse.up()
    expect(revision(panel, 2)).to_contain_text(re.compile(r"(4\d|5\d) % canary"), timeout=SLOW_MS)
    expect(panel.locator(".nbmlops-Share")).to_have_attribute("aria-busy", "false")
    # With keys and as a number, once Enter is pressed.
    percent = int(slider.input_value())
    slider.focus()
    for _ in range(3):
        desk.page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("spinbutton")).to_have_value(str(percent + 3))
    expect(desk.button("Apply")).to_be_visible()
    desk.page.keyboard.press("Enter")
    expect(revision(panel, 2)).to_contain_text(f"{percent + 3} % canary", timeout=SLOW_MS)
    expect(slider).to_be_focused()
    number = panel.get_by_role("spinbutton")
    expect(panel.locator(".nbmlops-Share")).to_have_attribute("aria-busy", "false")
    number.fill("135")
    expect(desk.button("Apply")).to_be_disabled()
    number.press("Escape")
    expect(number).to_have_value(str(percent + 3))
    number.fill("100")
    number.press("Enter")
    expect(desk.dialog).to_contain_text("Let revision 2 answer all requests?")
    desk.dialog.get_by_role("button", name="Cancel").click()
    expect(slider).to_have_value(str(percent + 3))
    number.fill("100")
    desk.button("Apply").click()
    desk.dialog.get_by_role("button", name="Let it answer").click()
    expect(revision(panel, 2)).to_contain_text("100 %", timeout=SLOW_MS)
    expect(slider).to_have_count(0)
    assert "21" in lab.nbmlops("predict", "line", "-d", '[{"x": 7}]', folder=line)
    expect(revision(panel, 2)).not_to_contain_text("· 0 requests")

    # Back, and what a terminal does meanwhile.
    desk.button("Roll back", within=revision(panel, 1)).click()
    expect(revision(panel, 1)).to_contain_text("100 %", timeout=SLOW_MS)
    expect(desk.button("Let it answer", within=revision(panel, 2))).to_be_visible()
    deploy("line:v2", "--name", "line", "--canary", "10", folder=line)
    expect(revision(panel, 3)).to_contain_text("10 % canary")
    desk.button("Take the canary away").click()
    expect(desk.button("Let it answer", within=revision(panel, 3))).to_be_visible(timeout=SLOW_MS)
    expect(revision(panel, 1)).to_contain_text("100 %")

    # Stopped, started, forgotten.
    desk.button("Stop…").click()
    desk.dialog.get_by_role("button", name="Cancel").click()
    state_is(panel, "healthy")
    desk.button("Stop…").click()
    desk.dialog.get_by_role("button", name="Stop").click()
    state_is(panel, "stopped")
    expect(desk.button("Roll back")).to_have_count(0)
    desk.button("Start again").click()
    state_is(panel, "healthy")
    lab.nbmlops("undeploy", "line", folder=line)
    state_is(panel, "stopped")
    desk.button("Forget…").click()
    desk.dialog.get_by_role("button", name="Forget").click()
    expect(panel).to_contain_text("Nothing is deployed yet", timeout=SLOW_MS)


def test_a_shadow_its_logs_and_a_router_that_is_gone(
    open_desk: Callable[..., Desk], lab: Lab, line: Path, deploy: Callable[..., str]
) -> None:
    deploy("line:v1", "--name", "line", "--port", str(free_port()), folder=line)
    deploy("line:v2", "--name", "line", "--shadow", folder=line)
    desk = open_desk()
    desk.open(f"{line.name}/work.ipynb")
    panel = desk.section("Deployments")
    state_is(panel, "healthy")
    desk.button("line").click()
    expect(revision(panel, 2)).to_contain_text("shadow: 0 differ")
    lab.nbmlops("predict", "line", folder=line)
    expect(revision(panel, 2)).to_contain_text("shadow: 1 differ")
    expect(revision(panel, 2).locator(".nbmlops-tone-warn")).to_contain_text("shadow")
    desk.button("Take the shadow away").click()
    expect(desk.button("Let it answer", within=revision(panel, 2))).to_be_visible(timeout=SLOW_MS)

    desk.button("Logs").click()
    page = desk.main
    expect(page.get_by_role("region", name="line, revision 2")).to_be_visible()
    page.get_by_label("What").select_option("revision 1")
    expect(page.get_by_role("region", name="line, revision 1")).to_be_visible()
    page.get_by_label("What").select_option("the router")
    said = page.get_by_role("region", name="line, router")
    expect(said).to_be_visible()
    desk.picture("deployments-logs")

    os.kill(router(lab, line), signal.SIGKILL)
    state_is(panel, "down")
    expect(panel.locator(".nbmlops-Deployment-problem")).to_contain_text("Its router does not run.")
    desk.picture("deployments-down")
    desk.button("Start again").click()
    state_is(panel, "healthy")


def test_a_damaged_deployment_is_told_in_a_line(open_desk: Callable[..., Desk], lab: Lab, line: Path) -> None:
    broken = line / ".nbmlops" / "deployments" / "broken" / "spec.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    desk = open_desk()
    desk.open(f"{line.name}/work.ipynb")
    panel = desk.section("Deployments")
    expect(panel.locator(".nbmlops-Deployment-problem")).to_contain_text("spec.json cannot be read")
    state_is(panel, "down")
    broken.unlink()
    expect(panel).to_contain_text("Nothing is deployed yet")


def test_they_are_asked_for_only_while_they_are_seen(
    open_desk: Callable[..., Desk], line: Path, deploy: Callable[..., str]
) -> None:
    deploy("line:v1", "--name", "line", "--port", str(free_port()), folder=line)
    desk = open_desk()
    desk.open(f"{line.name}/work.ipynb")

    def asked() -> int:
        """In six seconds, once what was under way has come."""
        desk.page.wait_for_timeout(1000)
        before = len(desk.asked)
        desk.page.wait_for_timeout(6000)
        return sum("/deployments" in request.url for request in desk.asked[before:])

    panel = desk.section("Deployments")
    state_is(panel, "healthy")
    assert asked() >= 2
    desk.page.evaluate(SEEN, False)
    assert asked() == 0
    desk.page.evaluate(SEEN, True)
    assert asked() >= 2
    desk.section("Data")
    assert asked() == 0
    desk.section("Deployments")
    desk.page.locator('.jp-SideBar [data-id="nbmlops-sidebar"]').click()
    expect(desk.sidebar).to_be_hidden()
    assert asked() == 0
    desk.show_sidebar()
    desk.button("Deploy…").click()
    assert asked() == 0
