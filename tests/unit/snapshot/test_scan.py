from __future__ import annotations

import os
import socket

import pytest

from nbmlops.lib.digest import digest_bytes
from nbmlops.project import Project
from nbmlops.snapshot.scan import scan


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
