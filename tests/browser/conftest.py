"""A real Chromium on a real JupyterLab. Each test has a project folder and a page of its own."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.browser.desk import Desk
from tests.browser.lab import Lab

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
ROOT = Path(__file__).resolve().parents[2]
FAILED = pytest.StashKey[bool]()
PICTURES = ROOT / "test-artifacts" / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Iterator[Lab]:
    """One JupyterLab for all tests of a process."""
    server = Lab(tmp_path_factory.mktemp("lab"), shared_cache)
    server.start()
    yield server
    server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def open_desk(browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Opens pages on a server; what a failed test saw last is kept as a picture."""
    opened: list[Desk] = []

    def make(server: Lab = lab, **options: object) -> Desk:
        desk = Desk(browser, server, PICTURES, **options)
        opened.append(desk)
        return desk

    yield make
    has_failed = request.node.stash.get(FAILED, False)
    for number, desk in enumerate(opened):
        if has_failed:
            # A page that hangs has no picture; the test's own failure is to be read.
            with contextlib.suppress(Exception):
                desk.picture(f"failed-{request.node.name}-{number}")
        desk.close()
    # One test fails of a server that has crashed, and not all that follow.
    last_words = lab.revive()
    print(last_words)
    if not has_failed:
        assert last_words == ""
        assert [desk.errors for desk in opened] == [[] for _ in opened]
        assert [desk.elsewhere for desk in opened] == [[] for _ in opened]


@pytest.fixture
def folder(lab: Lab, request: pytest.FixtureRequest) -> Path:
    """An empty folder that the server sees."""
    name = request.node.name.replace("[", "-").replace("]", "")
    # A test that is tried again finds what it has left the first time.
    made = next(place for n in itertools.count(1) if not (place := lab.root / f"{name}-{n}").exists())
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Path:
    """What `nbmlops demo` leaves: runs, snapshots, a pipeline that has run twice. Made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    place = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    made = place / "finished-demo"
    with (place / "finished-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            lab.nbmlops("demo", "--to", str(made), folder=place)
    return made


@pytest.fixture
def demo(finished_demo: Path, folder: Path) -> Path:
    """A copy of that project, which the test may change."""
    shutil.copytree(finished_demo, folder, dirs_exist_ok=True, symlinks=True)
    return folder


@pytest.fixture
def packages(lab: Lab) -> Path:
    """Where the server keeps packages; there are none."""
    shutil.rmtree(lab.packages, ignore_errors=True)
    return lab.packages


@pytest.fixture
def deploy(lab: Lab) -> Iterator[Callable[..., str]]:
    """Deploys at the command line. Whatever is deployed in these folders, also by mouse, is forgotten at the end."""
    places: set[Path] = set()

    def make(*words: str, folder: Path) -> str:
        places.add(folder)
        return lab.nbmlops("deploy", *words, folder=folder) if words else ""

    yield make
    with contextlib.ExitStack() as stack:
        for place in places:
            for spec in (place / ".nbmlops" / "deployments").glob("*/spec.json"):
                stack.callback(lab.nbmlops, "undeploy", spec.parent.name, "--purge", folder=place)


@pytest.fixture
def wine(folder: Path) -> Path:
    """The wine notebook, without outputs, as somebody opens it for the first time."""
    import nbformat

    notebook = nbformat.read(ROOT / "example-notebooks" / "wine.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, folder / "wine.ipynb")
    return folder
