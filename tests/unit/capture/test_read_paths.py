"""Whatever reads a file in a cell is seen: forty-five ways, three kinds of machine."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.capture import folders
from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch
from nbmlops.capture.inotify import Inotify
from nbmlops.model.cell import Completeness, FileUse
from nbmlops.settings import Capture
from tests.unit.capture.read_paths import LIBRARIES, READ_PATHS, ReadPath

MACHINES = {"fanotify": Completeness.FULL, "inotify": Completeness.WATCHED, "hook": Completeness.PARTIAL}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for each path, made once."""
    for name in LIBRARIES:
        importlib.import_module(name)
    folder = tmp_path_factory.mktemp("read-paths") / "data"
    folder.mkdir()
    for number, path in enumerate(READ_PATHS):
        path.make(folder / f"{number}.dat")
    return folder


@pytest.fixture(scope="module", params=MACHINES)
def machine(request: pytest.FixtureRequest, data: Path) -> Iterator[tuple[str, FileWatch]]:
    name: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        if name != "hook":
            maker = {"fanotify": Fanotify, "inotify": Inotify}[name]
            try:
                maker().close()
            except OSError as error:
                pytest.skip(f"this machine has no {name}: {error}")
            patch.setattr(folders, "MAKERS", (maker,))
        files = FileWatch(data.parent, Capture(inputs="hook" if name == "hook" else "auto"))
        files.start()
        yield name, files
        files.close()


@pytest.mark.parametrize("path", READ_PATHS, ids=lambda path: path.name)
def test_every_way_of_reading_is_seen_and_by_whom(machine: tuple[str, FileWatch], data: Path, path: ReadPath) -> None:
    name, files = machine
    place = data / f"{READ_PATHS.index(path)}.dat"
    files.begin()
    path.read(place)
    seen = files.end()

    shown = "data/" + (f"{place.stem}.globbed" if "globs" in path.name else place.name)
    uses = {use.path: use for use in seen.inputs}
    if name == "hook" and not path.seen:
        assert uses == {}
    else:
        info = (data.parent / shown).stat()
        expected = FileUse(
            path=shown,
            seen=in_order(path.seen if name == "hook" else (*path.seen, name)),
            by_child=path.by_child,
            size=info.st_size,
            modified_ns=info.st_mtime_ns,
        )
        assert uses == {shown: expected}
    assert [use.path for use in seen.outputs] == ([f"{shown}.copy"] if path.name == "shutil.copy" else [])
    assert seen.completeness is MACHINES[name]
    assert bool(seen.incomplete) == (name != "fanotify")


def test_there_are_as_many_as_the_docs_say() -> None:
    assert (len(READ_PATHS), sum(path.by_child for path in READ_PATHS)) == (45, 3)
    assert sum("audit" in path.seen for path in READ_PATHS) == 25


def in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in ("audit", "fanotify", "inotify", "reader") if name in names)
