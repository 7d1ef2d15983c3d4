"""What happens in the project's folders while a cell runs is seen, by whom it was done, and nothing else."""

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
from nbmlops.capture import watch as watch_module
from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch, Seen
from nbmlops.capture.inotify import Inotify
from nbmlops.model.cell import Completeness, FileUse
from nbmlops.settings import Capture
from tests.unit.capture import children

try:
    Fanotify().close()
except OSError as no_fanotify:
    pytest.skip(f"this machine has no fanotify: {no_fanotify}", allow_module_level=True)

OTHER = """
import sys
for line in sys.stdin:
    with open(line.strip()) as file:
        file.read()
    print("done", flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "x.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.fixture
def files(root: Path) -> Iterator[FileWatch]:
    made = FileWatch(root)
    made.start()
    yield made
    made.close()


@pytest.fixture
def unprivileged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As somebody who is not the administrator sees it: other processes have no number."""

    class Plain(Fanotify):
        def __init__(self) -> None:
            own = os.geteuid()
            if own == 0:
                os.seteuid(65534)
            try:
                super().__init__()
            finally:
                os.seteuid(own)

    monkeypatch.setattr(folders, "MAKERS", (Plain,))


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


def seen(files: FileWatch, act: Callable[[], object]) -> Seen:
    files.begin()
    act()
    return files.end()


def inputs(files: FileWatch, act: Callable[[], object]) -> dict[str, FileUse]:
    return {use.path: use for use in seen(files, act).inputs}


def natively(command: str) -> list[str]:
    return ["sh", "-c", command]


# Children


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


def test_a_stranger_does_not_count_without_privileges_either(
    unprivileged: None, root: Path, stranger: Callable[[Path], None]
) -> None:
    files = FileWatch(root)
    files.start()
    assert inputs(files, lambda: stranger(root / "data/x.csv")) == {}
    files.close()


def test_without_privileges_children_are_known_by_having_been_started(unprivileged: None, root: Path) -> None:
    files = FileWatch(root)
    files.start()
    found = seen(files, lambda: subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True))
    assert [(use.path, use.by_child) for use in found.inputs] == [("data/x.csv", True)]
    own = inputs(files, lambda: os.close(os.open(root / "data/x.csv", os.O_RDONLY)))["data/x.csv"]
    assert (own.by_child, own.seen) == (False, ("audit", "fanotify"))
    files.close()


def test_a_forked_child_leaves_the_watch_of_its_parent_alone(files: FileWatch, root: Path) -> None:
    files.begin()
    pid = os.fork()
    if pid == 0:
        try:
            children.read(str(root / "data/x.csv"))
            files.end()
            files.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    (use,) = files.end().inputs
    assert (use.path, use.by_child) == ("data/x.csv", True)


# Threads


def test_threads_and_tasks_count(files: FileWatch, root: Path) -> None:
    for name in ("thread", "task"):
        (root / "data" / name).write_text("x")

    def act() -> None:
        thread = threading.Thread(target=children.read, args=(str(root / "data/thread"),))
        thread.start()
        thread.join(30)
        asyncio.run(asyncio.to_thread(children.read, str(root / "data/task")))

    assert set(inputs(files, act)) == {"data/thread", "data/task"}


# Names and places


def test_odd_names_are_seen_by_both(files: FileWatch, root: Path) -> None:
    names = {"données été.csv": "données été.csv", 'a\'b "c"\n.csv': 'a\'b "c"\n.csv', b"caf\xe9": "caf\\udce9"}
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name)))).write_text("x")

    def act() -> None:
        for name in names:
            children.read(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name))))

    assert {name: use.seen for name, use in inputs(files, act).items()} == dict.fromkeys(
        names.values(), ("audit", "fanotify")
    )


def test_a_linked_data_folder_is_watched_and_shown_as_the_user_named_it(tmp_path: Path, root: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "x.csv").write_text("1")
    (root / "linked").symlink_to(elsewhere)
    (root / "circle").symlink_to(root)
    (root / "upwards").symlink_to(tmp_path)
    files = FileWatch(root)
    files.start()
    assert files.state().folders == 4  # the project, data, linked and deep: neither the circle nor what is above
    command = f"cat {shlex.quote(str(root / 'linked/deep/x.csv'))}"
    found = seen(files, lambda: subprocess.run(natively(command), check=True, capture_output=True))
    assert [use.path for use in found.inputs] == ["linked/deep/x.csv"]
    found = seen(files, lambda: children.read(str(root / "linked/deep/x.csv")))
    assert [(use.path, use.seen) for use in found.inputs] == [("linked/deep/x.csv", ("audit", "fanotify"))]
    files.close()


def test_a_deleted_current_folder_harms_nothing(
    files: FileWatch, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert set(inputs(files, lambda: children.read(str(root / "data/x.csv")))) == {"data/x.csv"}


def test_ten_thousand_files_are_all_there(files: FileWatch, root: Path) -> None:
    for number in range(10_000):
        (root / "data" / f"{number}.bin").write_bytes(b"")
    data = shlex.quote(str(root / "data"))
    command = f"find {data} -name '*.bin' -print0 | xargs -0 cat"
    found = seen(files, lambda: subprocess.run(natively(command), check=True, capture_output=True))
    assert (len(found.inputs), found.completeness) == (10_000, Completeness.FULL)


def test_when_the_queue_overflows_the_level_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "_FULL_BYTES", 1 << 40)  # nobody empties it in time
    for number in range(17_000):
        (root / "data" / f"{number}.bin").touch()
    most = int(Path("/proc/sys/fs/fanotify/max_queued_events").read_text())
    if most > 17_000:
        pytest.skip(f"the queue of this machine holds {most} notices")
    files = FileWatch(root)
    files.start()
    command = f"find {shlex.quote(str(root / 'data'))} -type f -print0 | xargs -0 cat"
    found = seen(files, lambda: subprocess.run(natively(command), check=True, capture_output=True))
    assert found.completeness is Completeness.PARTIAL
    assert found.incomplete == ("more happened at once than the system's queue holds",)
    assert seen(files, lambda: None).completeness is Completeness.FULL
    files.close()


# New folders


def test_what_is_written_into_a_new_folder_and_read_later_is_seen(files: FileWatch, root: Path) -> None:
    new = root / "new" / "deep"
    quoted = shlex.quote(str(new))
    found = seen(files, lambda: subprocess.run(natively(f"mkdir -p {quoted} && echo 1 > {quoted}/a"), check=True))
    assert [(use.path, use.by_child) for use in found.outputs] == [("new/deep/a", True)]
    assert set(inputs(files, lambda: subprocess.run(["cat", str(new / "a")], capture_output=True))) == {"new/deep/a"}


def test_a_folder_that_is_renamed_is_known_by_its_new_name(files: FileWatch, root: Path) -> None:
    os.utime(root / "data/x.csv", (1, 1))  # older than a tick of the file system's clock
    found = seen(files, lambda: os.rename(root / "data", root / "renamed"))
    assert (found.inputs, found.outputs) == ((), ())  # nothing was read or written
    cat = ["cat", str(root / "renamed/x.csv")]
    assert set(inputs(files, lambda: subprocess.run(cat, check=True, capture_output=True))) == {"renamed/x.csv"}


def test_a_folder_that_is_made_again_is_watched_again(files: FileWatch, root: Path) -> None:
    def again() -> None:
        (root / "data/x.csv").unlink()
        (root / "data").rmdir()
        (root / "data").mkdir()
        (root / "data/x.csv").write_text("2")

    seen(files, again)
    cat = ["cat", str(root / "data/x.csv")]
    assert set(inputs(files, lambda: subprocess.run(cat, check=True, capture_output=True))) == {"data/x.csv"}


# Limits and levels


def test_a_read_outside_of_the_watched_folders_lowers_the_level_once(files: FileWatch, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_text("1")
    first = seen(files, lambda: children.read(str(tmp_path / "outside/x")))
    assert [use.seen for use in first.inputs] == [("audit",)]
    assert first.completeness is Completeness.PARTIAL
    assert first.incomplete == (f"{tmp_path / 'outside'} lies outside of the watched folders (capture.roots)",)
    cat = ["cat", str(tmp_path / "outside/x")]
    later = seen(files, lambda: subprocess.run(cat, check=True, capture_output=True))
    assert [(use.path, use.seen) for use in later.inputs] == [(str(tmp_path / "outside/x"), ("fanotify",))]
    assert later.completeness is Completeness.FULL


def test_roots_of_the_settings_are_watched(root: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/x").write_text("1")
    files = FileWatch(root, Capture(roots=("../shared",)))
    files.start()
    found = seen(files, lambda: subprocess.run(["cat", str(tmp_path / "shared/x")], check=True, capture_output=True))
    assert [use.path for use in found.inputs] == [str(tmp_path / "shared/x")]
    assert found.completeness is Completeness.FULL
    files.close()


@pytest.mark.parametrize("settings", [Capture(roots=("missing",)), Capture(largest_watch=1)])
def test_folders_that_cannot_be_watched_lower_the_level(root: Path, settings: Capture) -> None:
    files = FileWatch(root, settings)
    files.start()
    found = seen(files, lambda: None)
    assert found.completeness is Completeness.PARTIAL
    assert [reason.rpartition("(")[2] for reason in found.incomplete] in (
        ["capture.roots)"],
        ["capture.largest_watch)"],
    )
    files.close()


def test_what_is_excluded_is_not_recorded_and_what_is_included_is(root: Path) -> None:
    places = {"scratch/a": False, "node_modules/b": False, "site-packages/mine/c": True, "site-packages/d": False}
    for name in places:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")
    files = FileWatch(root, Capture(exclude=("scratch/*",), include=("site-packages/mine/*",)))
    files.start()
    names = " ".join(shlex.quote(str(root / name)) for name in places)
    found = inputs(files, lambda: subprocess.run(natively(f"cat {names}"), check=True, capture_output=True))
    assert set(found) == {name for name, is_data in places.items() if is_data}
    files.close()


def test_switched_off_nothing_is_recorded_and_said(root: Path) -> None:
    files = FileWatch(root, Capture(inputs="off"))
    files.start()
    found = seen(files, lambda: children.read(str(root / "data/x.csv")))
    assert found == Seen(incomplete=("capture.inputs is off",))
    assert files.patched() == ()
    files.close()


def test_a_large_tree_is_gone_through_in_the_background(root: Path) -> None:
    for number in range(300):
        (root / f"f{number:03}").mkdir()
    files = FileWatch(root)
    files.start()
    assert files.watch is not None
    assert files.watch.settle(30.0)
    assert files.state().folders == 302
    files.close()


# Before, after, in between


def test_what_nbmlops_reads_in_a_pause_is_no_input(files: FileWatch, root: Path) -> None:
    (root / "data/y.csv").write_text("1")

    def act() -> None:
        subprocess.run(["cat", str(root / "data/y.csv")], check=True, capture_output=True)
        with files.paused():
            children.read(str(root / "data/x.csv"))
            subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True)

    assert set(inputs(files, act)) == {"data/y.csv"}


def test_what_happens_between_cells_is_no_input(files: FileWatch, root: Path) -> None:
    assert inputs(files, lambda: None) == {}
    subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True)
    assert inputs(files, lambda: None) == {}


def test_when_the_system_allows_no_more_watches_it_is_said_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Small(Fanotify):
        def add(self, folder: str) -> None:
            if folder != str(root):
                raise OSError(28, "No space left on device")
            super().add(folder)

    (root / "more").mkdir()
    monkeypatch.setattr(folders, "MAKERS", (Small,))
    files = FileWatch(root)
    files.start()
    found = seen(files, lambda: None)
    files.close()
    assert found.completeness is Completeness.PARTIAL
    assert [reason.partition(" (")[0] for reason in found.incomplete] == ["the system allows no more watches"]


def test_a_folder_that_fanotify_refuses_goes_to_inotify(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(Fanotify):
        def add(self, folder: str) -> None:
            if folder.endswith("data"):
                raise OSError(19, "No such device")
            super().add(folder)

    (root / "top.csv").write_text("1")
    monkeypatch.setattr(folders, "MAKERS", (Picky, Inotify))
    files = FileWatch(root)
    files.start()
    cat = ["cat", str(root / "data/x.csv"), str(root / "top.csv")]
    found = seen(files, lambda: subprocess.run(cat, check=True, capture_output=True))
    files.close()
    assert {use.path: use.seen for use in found.inputs} == {"data/x.csv": ("inotify",), "top.csv": ("fanotify",)}
    assert found.completeness is Completeness.WATCHED


def test_closing_leaves_no_thread_and_no_file_descriptor(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    for maker in (Fanotify, Inotify):
        monkeypatch.setattr(folders, "MAKERS", (maker,))
        files = FileWatch(root)
        files.listen()
        assert files.state().source == maker.name
        files.close()
        files.close()
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


def test_without_any_notices_the_hook_and_the_readers_go_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidden:
        def __init__(self) -> None:
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(folders, "MAKERS", (Forbidden,))
    files = FileWatch(root)
    files.start()
    found = seen(files, lambda: children.read(str(root / "data/x.csv")))
    assert [use.path for use in found.inputs] == ["data/x.csv"]
    assert found.completeness is Completeness.PARTIAL
    assert found.incomplete == ("forbidden is not to be had: Operation not permitted",)
    files.close()
