"""What a cell's own process and its children do counts, with whose it was; what strangers do does not."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbmlops.capture import folders
from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch
from nbmlops.model.cell import Completeness
from tests.unit.capture import children
from tests.unit.capture.watching import inputs, needs_fanotify, seen

pytestmark = needs_fanotify

OTHER = """
import sys
for line in sys.stdin:
    with open(line.strip()) as file:
        file.read()
    print("done", flush=True)
"""


class Plain(Fanotify):
    """As somebody who is not the administrator sees it: other processes have no number."""

    def __init__(self) -> None:
        own = os.geteuid()
        if own == 0:
            os.seteuid(65534)
        try:
            super().__init__()
        finally:
            os.seteuid(own)


@pytest.fixture
def unprivileged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAKERS", (Plain,))


WATCHER = """
import sys
from pathlib import Path
from nbmlops.capture import folders
from nbmlops.capture.files import FileWatch
from tests.unit.capture.test_processes import Plain

folders.MAKERS = (Plain,)
files = FileWatch(Path(sys.argv[1]))
files.start()
files.begin()
print("watching", flush=True)
sys.stdin.readline()
print(len(files.end().inputs), flush=True)
files.close()
"""
"""A kernel without children: this process may have some, of other tests."""


@pytest.fixture
def stranger() -> Iterator[Callable[[Path], None]]:
    """A process of somebody else, such as a file browser: it is no child of ours."""
    reader, writer = os.pipe()
    back, answers = os.pipe()
    begin = f"stdin={reader}, stdout={answers}, start_new_session=True"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {OTHER!r}], {begin})"
    middle = subprocess.Popen([sys.executable, "-c", code], pass_fds=(reader, answers))
    assert middle.wait(30) == 0
    os.close(reader)
    os.close(answers)
    with open(writer, "w") as orders, open(back) as done:

        def read(path: Path) -> None:
            orders.write(f"{path}\n")
            orders.flush()
            assert done.readline() == "done\n"

        yield read


def test_what_children_read_and_write_is_theirs(files: FileWatch, root: Path) -> None:
    data = shlex.quote(str(root / "data"))
    found = seen(files, lambda: os.system(f"cat {data}/*.csv > {data}/out.txt"))
    assert [(use.path, use.by_child, use.seen) for use in found.inputs] == [("data/x.csv", True, ("fanotify",))]
    assert [(use.path, use.by_child) for use in found.outputs] == [("data/out.txt", True)]
    assert found.completeness is Completeness.FULL


def test_a_file_that_this_process_read_as_well_is_its_own(files: FileWatch, root: Path) -> None:
    def act() -> None:
        (root / "data/x.csv").read_text()
        subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True)

    assert inputs(files, act)["data/x.csv"].by_child is False


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing_are_children(
    files: FileWatch, root: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A shell of IPython's, made by another test, leaves a main module without one.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)

    def act() -> None:
        process = multiprocessing.get_context(method).Process(target=children.read, args=(str(root / "data/x.csv"),))
        process.start()
        process.join(60)
        assert process.exitcode == 0

    assert inputs(files, act)["data/x.csv"].by_child is True


def test_a_child_that_was_started_by_an_earlier_cell_counts(files: FileWatch, root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OTHER], stdin=-1, stdout=-1, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        files.begin()
        child.stdin.write(f"{root / 'data/x.csv'}\n")
        child.stdin.flush()
        child.stdout.readline()
        (use,) = files.end().inputs
        assert (use.path, use.by_child) == ("data/x.csv", True)
        child.stdin.close()


def test_a_stranger_does_not_count(files: FileWatch, root: Path, stranger: Callable[[Path], None]) -> None:
    assert inputs(files, lambda: stranger(root / "data/x.csv")) == {}


def test_a_stranger_does_not_count_without_privileges_either(root: Path, stranger: Callable[[Path], None]) -> None:
    command = [sys.executable, "-c", WATCHER, str(root)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=Path(__file__).parents[3]) as kernel:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "watching\n"
        stranger(root / "data/x.csv")
        assert kernel.communicate("end\n", timeout=30)[0] == "0\n"


def test_without_privileges_children_are_known_by_having_been_started(unprivileged: None, root: Path) -> None:
    files = FileWatch(root)
    files.start()
    found = seen(files, lambda: subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True))
    assert [(use.path, use.by_child) for use in found.inputs] == [("data/x.csv", True)]
    own = inputs(files, lambda: os.close(os.open(root / "data/x.csv", os.O_RDONLY)))["data/x.csv"]
    assert (own.by_child, own.seen) == (False, ("audit", "fanotify"))
    files.close()


def test_threads_and_tasks_count(files: FileWatch, root: Path) -> None:
    for name in ("thread", "task"):
        (root / "data" / name).write_text("x")

    def act() -> None:
        thread = threading.Thread(target=children.read, args=(str(root / "data/thread"),))
        thread.start()
        thread.join(30)
        asyncio.run(asyncio.to_thread(children.read, str(root / "data/task")))

    assert set(inputs(files, act)) == {"data/thread", "data/task"}
