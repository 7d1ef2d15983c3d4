"""Folders of requests stay below the server's root."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.doors.server.place import name_of, place
from nbmlops.errors import NotFoundError
from nbmlops.project import Project


@pytest.mark.parametrize("name", ["", "/", "inner", "/inner/", "inner/.", "inner/../inner"])
def test_folders_below_the_root_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "inner").mkdir()
    assert place(tmp_path, name).name == ("inner" if "inner" in name else "")


@pytest.mark.parametrize("name", ["..", "../x", "absent", "file", "x\0y", "x" * 5000, "link"])
def test_others_are_not(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x").mkdir()
    (root / "file").write_text("")
    (root / "link").symlink_to(tmp_path / "x")
    with pytest.raises(NotFoundError) as caught:
        place(root, name)
    assert caught.value.kind == "folder-missing"


def test_a_project_is_called_by_its_folder_from_the_root(tmp_path: Path) -> None:
    Project.init(tmp_path / "server" / "wine")
    (tmp_path / "server" / "wine" / "deep" / "er").mkdir(parents=True)
    assert place(tmp_path / "server", "wine/deep").project_name() == "wine"
    assert place(tmp_path / "server", "").project_name() is None
    assert place(tmp_path / "server" / "wine" / "deep", "er").project_name() == ".."
    assert name_of(tmp_path, tmp_path) == ""
