from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, NotFoundError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import Entry
from nbmlops.project import Project
from nbmlops.snapshot import scan as scanning
from nbmlops.snapshot.scan import scan
from tests.unit.snapshot.trees import scanned, write


def test_entries_carry_path_digest_and_size_sorted_by_path(project: Project, data: Path) -> None:
    (data / "tool.sh").write_bytes(b"#!/bin/sh\n")
    (data / "tool.sh").chmod(0o755)
    (data / "link").symlink_to("sub/b.bin")
    assert scanned(project).entries == (
        Entry(path="data/a.csv", digest=digest_bytes(b"1,2\n"), size=4),
        Entry(path="data/empty", digest=digest_bytes(b""), size=0),
        Entry(path="data/link", digest=digest_bytes(b"sub/b.bin"), size=0, link="sub/b.bin"),
        Entry(path="data/sub/b.bin", digest=digest_bytes(bytes(1000)), size=1000),
        Entry(path="data/tool.sh", digest=digest_bytes(b"#!/bin/sh\n"), size=10, executable=True),
    )


def test_a_path_named_twice_is_one_entry(project: Project, data: Path) -> None:
    assert scanned(project, data, data / "a.csv", data / "sub").entries == scanned(project).entries


def test_links_are_kept_as_links_even_when_broken_circular_or_to_folders(project: Project, data: Path) -> None:
    for name, target in (("broken", "nowhere"), ("self", "self"), ("up", ".."), ("folder", "sub")):
        (data / name).symlink_to(target)
    links = {entry.path: entry.link for entry in scanned(project).entries if entry.link}
    assert links == {"data/broken": "nowhere", "data/folder": "sub", "data/self": "self", "data/up": ".."}


def test_what_cannot_be_kept_is_named_with_the_reason(project: Project, data: Path) -> None:
    os.mkfifo(data / "pipe")
    (data / "huge").write_bytes(bytes(5000))
    (data / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    found = scanned(project, largest_bytes=4999)
    assert found.skipped == (
        "data/caf?: its name is not UTF-8",
        "data/huge: 5,000 bytes, more than snapshot.largest_file",
        "data/pipe: not a regular file",
    )
    assert [entry.path for entry in found.entries] == ["data/a.csv", "data/empty", "data/sub/b.bin"]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_kept(project: Project, data: Path) -> None:
    # Reading a process's memory at its start is an error for root too.
    found = scanned(project, data / "a.csv", Path("/proc/self/mem"))
    assert found.skipped == ("/proc/self/mem: Input/output error",)
    assert [entry.path for entry in found.entries] == ["data/a.csv"]


def test_a_folder_that_cannot_be_listed_is_named(project: Project, data: Path) -> None:
    """A path longer than the system takes stands for one without permission: root gets an error too."""
    handles = [os.open(data, os.O_RDONLY)]
    try:
        for _ in range(25):
            os.mkdir("d" * 200, dir_fd=handles[-1])
            handles.append(os.open("d" * 200, os.O_RDONLY, dir_fd=handles[-1]))
        found = scanned(project)
    finally:
        for handle in handles:
            os.close(handle)
        shutil.rmtree(data / ("d" * 200))
    assert [line.rpartition(": ")[2] for line in found.skipped] == ["File name too long"]
    assert len(found.entries) == 3


@pytest.mark.parametrize("name", [".git", ".nbmlops", "__pycache__", ".ipynb_checkpoints", ".venv", "node_modules"])
def test_folders_of_tools_are_left_out(project: Project, data: Path, name: str) -> None:
    before = scanned(project).entries
    write(data / name, {"x": b"x"})
    assert scanned(project).entries == before


def test_a_path_that_is_not_there_is_an_error(project: Project) -> None:
    with pytest.raises(NotFoundError) as caught:
        scanned(project, project.root / "missing")
    assert caught.value.kind == "path-missing"


def test_a_file_that_grew_before_it_was_read_has_the_size_of_what_was_read(
    project: Project, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, growths = scanning.digest_file, [b"longer than before"]

    def growing(path: Path) -> str:
        digest = read(path)
        if path.name == "a.csv" and growths:
            path.write_bytes(growths.pop())
        return digest

    monkeypatch.setattr(scanning, "digest_file", growing)
    (entry,) = scanned(project, data / "a.csv").entries
    assert (entry.size, entry.digest) == (18, digest_bytes(b"longer than before"))


def test_a_file_that_never_holds_still_stops_the_snapshot(
    project: Project, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = scanning.digest_file

    def growing(path: Path) -> str:
        digest = read(path)
        with path.open("ab") as file:
            file.write(b"x")
        return digest

    monkeypatch.setattr(scanning, "digest_file", growing)
    with pytest.raises(ConflictError, match="changed while it was read"):
        scanned(project)


def test_a_link_that_is_named_itself_stands_for_what_it_points_to(project: Project) -> None:
    (project.root / "real").mkdir()
    (project.root / "real" / "a.csv").write_text("1")
    (project.root / "data").symlink_to("real")
    (project.root / "one.csv").symlink_to("real/a.csv")
    found = scan(
        [project.root / "data", project.root / "one.csv"],
        named=project.relative,
        stats=project.stats,
        largest_bytes=1000,
    )
    assert [(entry.path, entry.size, entry.link) for entry in found.entries] == [
        ("data/a.csv", 1, None),
        ("one.csv", 1, None),
    ]


def test_files_with_secrets_are_left_out_of_folders_and_kept_when_named(project: Project) -> None:
    folder = project.root / "data"
    folder.mkdir()
    for name in (".env", "server.key", "a.csv"):
        (folder / name).write_text("x")
    found = scan([folder], named=project.relative, stats=project.stats, largest_bytes=1000)
    assert [entry.path for entry in found.entries] == ["data/a.csv"]
    assert found.skipped == (
        "data/.env: it may hold a secret; name it itself to keep it",
        "data/server.key: it may hold a secret; name it itself to keep it",
    )
    named = scan([folder / ".env"], named=project.relative, stats=project.stats, largest_bytes=1000)
    assert [entry.path for entry in named.entries] == ["data/.env"]


def test_what_is_no_plain_file_is_named_and_never_waited_for(project: Project) -> None:
    folder = project.root / "data"
    folder.mkdir()
    (folder / "a.csv").write_text("1")
    os.mkfifo(folder / "pipe")
    (folder / "broken").symlink_to("nowhere")
    (folder / ".nbmlops-0123456789abcdef").write_text("half")
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket may be no longer than about a hundred letters.
        here = os.open(folder, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        found = scan([folder], named=project.relative, stats=project.stats, largest_bytes=1000)
    assert [(entry.path, entry.link) for entry in found.entries] == [("data/a.csv", None), ("data/broken", "nowhere")]
    assert found.skipped == ("data/pipe: not a regular file", "data/socket: not a regular file")
    assert scan([folder / "pipe"], named=project.relative, stats=project.stats, largest_bytes=1000).entries == ()


def test_names_that_are_not_utf_8_are_named_and_their_neighbours_kept(project: Project) -> None:
    folder = project.root / "data"
    folder.mkdir()
    (folder / "a.csv").write_text("1")
    try:
        with open(os.fsencode(folder) + b"/caf\xe9.csv", "w") as file:
            file.write("2")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    os.mkdir(os.fsencode(folder) + b"/d\xe9")
    with open(os.fsencode(folder) + b"/d\xe9/inner", "w") as file:
        file.write("3")
    (folder / "link").symlink_to(os.fsdecode(b"caf\xe9.csv"))
    found = scan([folder], named=project.relative, stats=project.stats, largest_bytes=1000)
    assert [entry.path for entry in found.entries] == ["data/a.csv"]
    assert found.skipped == (
        "data/caf?.csv: its name is not UTF-8",
        "data/d?/inner: its name is not UTF-8",
        "data/link: the name that it links to is not UTF-8",
    )
    assert project.stats.digest(folder / os.fsdecode(b"caf\xe9.csv")) == digest_bytes(b"2")


def test_the_project_itself_may_be_kept(project: Project) -> None:
    (project.root / "a.csv").write_text("1")
    found = scan([project.root], named=project.relative, stats=project.stats, largest_bytes=10_000)
    assert [entry.path for entry in found.entries] == ["a.csv", "nbmlops.toml"]
