"""Packages by mouse: packed, looked into, signed, checked, sent, brought back and removed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab
from tests.browser.notebooks import write
from tests.services import servers
from tests.unit.package.kits import FILES, folder_of


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """A registry on loopback."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed. On Debian, as root: apt-get install docker-registry")
    server, host = servers.registry(tmp_path / "registry")
    server.start()
    try:
        yield host
    finally:
        server.stop()


@pytest.fixture
def kit(lab: Lab, packages: Path, folder: Path) -> Path:
    """A project with a folder that can be packed, and a notebook to stand in."""
    folder_of(FILES, folder / "kit")
    write(folder / "work.ipynb", "x = 1")
    lab.nbmlops("init", folder=folder)
    return folder


def send(desk: Desk, verb: str, **values: str) -> None:
    """Fills in the form that is open, by the labels of its fields, and sends it."""
    form = desk.sidebar.get_by_role("form")
    for label, value in values.items():
        form.get_by_label(label.replace("_", " "), exact=False).first.fill(value)
    form.get_by_role("button", name=verb, exact=True).click()


def line(panel: Locator, name: str) -> Locator:
    """The package of that name."""
    return panel.locator(".nbmlops-List > li", has=panel.page.get_by_role("button", name=name, exact=True))


def test_the_newest_run_is_packed_looked_into_signed_and_removed(
    open_desk: Callable[..., Desk], packages: Path, demo: Path
) -> None:
    desk = open_desk()
    desk.open(f"{demo.name}/wine.ipynb")
    panel = desk.section("Packages")
    expect(panel).to_contain_text("There is no package on this machine yet.")
    desk.button("Pack…").click()
    send(desk, "Pack", Tag="wine:v1,best")
    desk.wait_for_job("pack")
    wine = line(panel, "wine:best")
    expect(wine).to_contain_text("also v1")
    expect(wine).not_to_contain_text("signed")

    desk.button("wine:best").click()
    parts = wine.get_by_role("table", name="Parts of the package")
    expect(parts.get_by_role("row", name=re.compile("^model "))).to_contain_text("tar")
    expect(wine.get_by_role("table", name="Model")).to_contain_text("sklearn")
    expect(wine.get_by_role("table", name="Metrics")).to_contain_text("accuracy_score")
    expect(wine.get_by_role("table", name="Parameters")).to_contain_text("trees")
    provenance = wine.get_by_role("table", name="Provenance")
    expect(provenance).to_contain_text("wine.ipynb")
    expect(provenance).to_contain_text("EQUIVALENT")
    expect(wine).to_contain_text("It is not signed.")
    desk.button("Copy digest").click()
    assert desk.page.evaluate("() => navigator.clipboard.readText()").startswith("sha256:")

    desk.button("Sign…").click()
    form = desk.sidebar.get_by_role("form")
    expect(form.get_by_label("Package")).to_have_value("wine:best")
    form.get_by_label("New key").check()
    send(desk, "Sign")
    desk.wait_for_job("sign")
    expect(wine.get_by_text("signed", exact=True)).to_be_visible()
    expect(wine.locator(".nbmlops-Package-claims > li")).to_have_count(3)
    desk.button("Verify…").click()
    send(desk, "Verify", Key="nbmlops.pub")
    desk.wait_for_job("verify")
    desk.picture("packages-signed")

    provenance.get_by_role("button").click()
    expect(desk.main.locator("h1")).to_have_text("wine trees=25")

    desk.button("Remove…").click()
    expect(desk.dialog).to_contain_text("Also its other names: v1")
    desk.dialog.get_by_role("button", name="Cancel").click()
    expect(wine).to_be_visible()
    desk.button("Remove…").click()
    desk.dialog.get_by_role("checkbox").uncheck()
    desk.dialog.get_by_role("button", name="Remove").click()
    desk.wait_for_job("remove")
    expect(panel.get_by_role("button", name="wine:v1", exact=True)).to_be_visible()
    desk.button("Remove…").click()
    desk.dialog.get_by_role("button", name="Remove").click()
    expect(panel).to_contain_text("There is no package on this machine yet.")


def test_a_package_goes_to_a_registry_is_looked_up_and_comes_back(
    open_desk: Callable[..., Desk], lab: Lab, kit: Path, host: str
) -> None:
    lab.nbmlops("pack", "kit", "-t", "wine:v1", folder=kit)
    lab.nbmlops("sign", "wine:v1", "--new-key", folder=kit)
    name = f"{host}/team/wine:v1"
    desk = open_desk()
    desk.open(f"{kit.name}/work.ipynb")
    panel = desk.section("Packages")
    desk.button("wine:v1").click()
    desk.button("Tag…").click()
    send(desk, "Tag", Name=name)
    desk.wait_for_job("tag")
    expect(line(panel, name)).to_be_visible()
    desk.button("Push…").click()
    send(desk, "Push", To=name)
    desk.wait_for_job("push")
    for each in ("wine:v1", name):
        lab.nbmlops("remove", each, folder=kit)
    expect(panel).to_contain_text("There is no package on this machine yet.")

    panel.get_by_label("Package on a registry").fill(f"{host}/team/beer:v1")
    desk.button("Look up").click()
    failed = desk.wait_for_job("inspect", "failed")
    expect(failed.get_by_role("alert")).to_contain_text("beer")
    panel.get_by_label("Package on a registry").fill(name)
    panel.get_by_label("Package on a registry").press("Enter")
    found = panel.locator(".nbmlops-Package")
    expect(found.get_by_role("table", name="Parts of the package")).to_contain_text("data/train.csv")
    expect(found.get_by_role("table", name="Parameters")).to_contain_text("100")
    expect(found.locator(".nbmlops-Package-claims > li")).to_have_count(2)
    desk.picture("packages-looked-up")

    desk.button("Pull…", within=panel.locator(".nbmlops-List")).click()
    expect(desk.sidebar.get_by_role("form").get_by_label("Package")).to_have_value(name)
    send(desk, "Pull")
    desk.wait_for_job("pull")
    expect(line(panel, name)).to_contain_text("signed")
    desk.button(name).click()
    desk.button("Unpack…").click()
    send(desk, "Unpack")
    desk.wait_for_job("unpack")
    assert (kit / "wine" / "model" / "model.skops").read_text() == FILES["model/model.skops"]


def test_a_check_that_fails_does_not_look_done(open_desk: Callable[..., Desk], lab: Lab, kit: Path) -> None:
    lab.nbmlops("pack", "kit", "-t", "wine:v1", folder=kit)
    lab.nbmlops("pack", "kit", "-t", "other:v1", "--compression", "gzip", folder=kit)
    lab.nbmlops("sign", "other:v1", "--new-key", folder=kit)
    desk = open_desk()
    desk.open(f"{kit.name}/work.ipynb")
    desk.section("Packages")
    desk.button("wine:v1").click()
    desk.button("Verify…").click()
    send(desk, "Verify", Key="nbmlops.pub")
    failed = desk.wait_for_job("verify", "not good")
    failed.get_by_role("button", name="Show").click()
    expect(desk.page.locator(".nbmlops-Page")).to_contain_text("Not signed by this key")


def test_a_long_list_follows_the_terminal_and_is_searched(open_desk: Callable[..., Desk], lab: Lab, kit: Path) -> None:
    lab.nbmlops("pack", "kit", "-t", "wine:v0", folder=kit)
    desk = open_desk()
    desk.open(f"{kit.name}/work.ipynb")
    panel = desk.section("Packages")
    names = panel.locator(".nbmlops-Fold")
    expect(names).to_have_text(["wine:v0"])
    expect(panel.get_by_label("Search packages")).to_have_count(0)
    for number in range(1, 8):
        (kit / "kit" / "README.md").write_text(f"# {number}\n")
        lab.nbmlops("pack", "kit", "-t", f"wine:v{number}", folder=kit)
    expect(names).to_have_text([f"wine:v{number}" for number in range(7, -1, -1)])
    panel.get_by_label("Search packages").fill("wine v3")
    expect(names).to_have_text(["wine:v3"])
    panel.get_by_label("Search packages").fill("beer")
    expect(panel).to_contain_text("No package fits.")
    desk.button("Show all packages").click()
    expect(names).to_have_count(8)
    # The lists of a package are written one after the other, and looked at once a second.
    desk.page.wait_for_timeout(3000)
    before = len(desk.asked)
    desk.page.wait_for_timeout(3000)
    assert [each.url for each in desk.asked[before:] if "/packages" in each.url] == []
    names.first.focus()
    desk.page.keyboard.press("Enter")
    expect(names.first).to_have_attribute("aria-expanded", "true")
    desk.page.keyboard.press("Tab")
    expect(desk.button("Push…")).to_be_focused()


def test_without_a_project_what_is_done_here_is_seen(
    open_desk: Callable[..., Desk], lab: Lab, packages: Path, folder: Path
) -> None:
    folder_of(FILES, folder / "kit")
    write(folder / "work.ipynb", "x = 1")
    desk = open_desk()
    desk.open(f"{folder.name}/work.ipynb")
    panel = desk.section("Packages")
    desk.button("Pack…").click()
    send(desk, "Pack", Source="kit", Tag="wine:v1")
    desk.wait_for_job("pack")
    expect(line(panel, "wine:v1")).to_contain_text("4 parts")
