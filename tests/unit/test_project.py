"""A project is found, made, moved, and refused where it cannot be."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, ExternalError, NotFoundError
from nbmlops.lib.clock import utc_now
from nbmlops.lib.process import boot_id, process_started
from nbmlops.model.cell import SessionInfo
from nbmlops.project import Project
from nbmlops.settings import Settings


def session(**changes: object) -> SessionInfo:
    facts: dict[str, object] = {
        "id": "s1",
        "notebook": "n.ipynb",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": process_started(os.getpid()),
        "boot": boot_id(),
        "started": utc_now(),
    }
    return SessionInfo(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_new_project_has_settings_a_store_and_keeps_the_store_out_of_git(tmp_path: Path) -> None:
    project = Project.init(tmp_path / "churn")
    assert sorted(os.listdir(project.root)) == [".nbmlops", "nbmlops.toml"]
    assert project.layout.records.is_file()
    assert (project.layout.folder / ".gitignore").read_text() == "*\n"
    assert project.settings_are_default
    assert project.settings == Settings()
    project.database.close()


def test_the_defaults_shown_in_a_new_settings_file_are_valid_when_uncommented(tmp_path: Path) -> None:
    project = Project.init(tmp_path / 'we "quote" [things]\nover lines')
    text = (project.root / "nbmlops.toml").read_text()
    tomllib.loads(text)
    lines = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines()]
    assert tomllib.loads("\n".join(lines))["snapshot"] == {"largest_file": "2 GiB"}
    project.database.close()


def test_a_project_is_not_made_twice(project: Project) -> None:
    with pytest.raises(ConflictError) as caught:
        Project.init(project.root)
    assert caught.value.kind == "project-exists"
    found, is_new = Project.find_or_init(project.root)
    assert (found.root, is_new) == (project.root, False)


def test_a_project_is_found_from_any_folder_below(project: Project) -> None:
    deep = project.root / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert Project.find(deep).root == project.root
    assert Project.find(project.root).root == project.root


def test_the_nearest_of_nested_projects_is_meant(project: Project) -> None:
    inner = Project.init(project.root / "inner")
    (inner.root / "notebooks").mkdir()
    assert Project.find(inner.root / "notebooks").root == inner.root
    inner.database.close()


def test_a_project_is_known_by_its_settings_or_by_its_store(project: Project) -> None:
    (project.root / "nbmlops.toml").unlink()
    assert Project.find(project.root).root == project.root
    shutil.rmtree(project.layout.folder)
    with pytest.raises(NotFoundError):
        Project.find(project.root)


def test_without_a_project_the_way_to_make_one_is_shown(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        Project.find(tmp_path)
    assert str(caught.value) == f"There is no project in {tmp_path} or above. Make one: nbmlops init"


@pytest.mark.parametrize("name", ["with space", "donnée—訓練", "a'b\"c", "100%{x}#?", "-leading"])
def test_odd_names_of_folders_make_working_projects(tmp_path: Path, name: str) -> None:
    project = Project.init(tmp_path / name)
    project.records.put(session(), id="s1")
    assert Project.find(tmp_path / name).is_alive("s1")
    assert project.uri == f"sqlite:///{tmp_path / name}/.nbmlops/mlflow.db"
    project.database.close()


def test_a_moved_project_keeps_what_it_knows(project: Project, tmp_path: Path) -> None:
    digest, _ = project.objects.put_bytes(b"kept")
    project.records.put(session(), id="s1")
    project.database.close()
    moved = tmp_path / "else where"
    os.rename(project.root, moved)
    found = Project.find(moved)
    assert found.objects.read(digest) == b"kept"
    assert found.records.get(SessionInfo, "s1") is not None
    assert found.uri == f"sqlite:///{moved}/.nbmlops/mlflow.db"
    found.database.close()


def test_a_project_reached_through_a_link_is_the_same(project: Project, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project.root)
    assert Project.find(tmp_path / "link").root == project.root


@pytest.mark.parametrize("blocked", ["root", "store", "above"])
def test_a_file_where_a_folder_should_be_is_one_line(tmp_path: Path, blocked: str) -> None:
    root = tmp_path / "p"
    if blocked == "root":
        root.write_text("")
    elif blocked == "store":
        root.mkdir()
        (root / ".nbmlops").write_text("")
    else:
        root.write_text("")
        root = root / "inner"
    with pytest.raises(ExternalError) as caught:
        Project.init(root)
    assert caught.value.kind == "path-not-folder"
    assert "\n" not in str(caught.value)


def test_a_folder_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; the read-only file system below covers it where mounting is permitted")
    tmp_path.chmod(0o500)
    with pytest.raises(ExternalError) as caught:
        Project.init(tmp_path / "p")
    tmp_path.chmod(0o700)
    assert caught.value.kind == "folder-read-only"


def test_a_read_only_file_system_is_one_line(tmp_path: Path) -> None:
    place = tmp_path / "ro"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted: {done.stderr.strip()}")
    try:
        with pytest.raises(ExternalError) as caught:
            Project.init(place / "p")
    finally:
        subprocess.run(["umount", place], check=True)
    assert (caught.value.kind, str(caught.value)) == (
        "folder-read-only",
        f"The file system is read-only: {place / 'p'}. Choose another folder.",
    )


def test_paths_of_records_are_seen_from_the_project(project: Project) -> None:
    inside, outside = project.root / "data" / ".." / "data" / "x.csv", Path("/elsewhere/x.csv")
    assert project.relative(inside) == "data/x.csv"
    assert project.relative(outside) == "/elsewhere/x.csv"
    assert project.absolute("data/x.csv") == project.root / "data" / "x.csv"
    assert project.absolute("/elsewhere/x.csv") == outside


def test_a_session_lives_as_long_as_its_very_process(project: Project) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        of_child = session(pid=child.pid, process_started=process_started(child.pid))
        project.records.put(of_child, id="s1")
        assert project.is_alive("s1")
    finally:
        child.kill()
        child.communicate()
    assert not project.is_alive("s1")


@pytest.mark.parametrize(
    ("changes", "is_alive"),
    [
        ({}, True),
        ({"ended": utc_now()}, False),
        ({"boot": "another boot"}, False),
        ({"process_started": 1.0}, False),
        ({"host": "another machine", "pid": 1}, True),
    ],
)
def test_a_reused_number_of_a_process_is_not_the_process(
    project: Project, changes: dict[str, object], is_alive: bool
) -> None:
    project.records.put(session(**changes), id="s1")
    assert project.is_alive("s1") is is_alive


def test_a_session_nobody_knows_is_not_alive(project: Project) -> None:
    assert not project.is_alive("s9")
