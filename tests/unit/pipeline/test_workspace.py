from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbmlops.pipeline import workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("a.csv", "sub/b.py", ".nbmlops/records.db", ".git/HEAD", "sub/__pycache__/b.pyc", ".venv/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_a_copy_holds_the_users_files_and_not_those_of_tools(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to("sub/b.py")
    (root / "broken").symlink_to("nowhere")
    workspace.copy(root, tmp_path / "copy")
    found = sorted(str(p.relative_to(tmp_path / "copy")) for p in (tmp_path / "copy").rglob("*") if not p.is_dir())
    assert found == ["a.csv", "broken", "link", "sub/b.py"]
    assert os.readlink(tmp_path / "copy" / "link") == "sub/b.py"


def test_changing_the_copy_leaves_the_project_alone(root: Path, tmp_path: Path) -> None:
    workspace.copy(root, tmp_path / "copy")
    (tmp_path / "copy" / "a.csv").write_text("changed")
    assert (root / "a.csv").read_text() == "a.csv"


def test_what_is_no_file_is_left_out(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    workspace.copy(root, tmp_path / "copy")
    assert sorted(os.listdir(tmp_path / "copy")) == ["a.csv", "sub"]


def test_a_link_of_the_project_means_the_same_place_from_the_copy(root: Path, tmp_path: Path) -> None:
    """Out of the project: the same data. Into the project by its full path: the copy, never the original."""
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "x").write_text("x")
    (root / "data").symlink_to("../big")
    (root / "sub" / "own").symlink_to(root / "a.csv")
    copy = tmp_path / "deep" / "er" / "copy"
    copy.parent.mkdir(parents=True)
    workspace.copy(root, copy)
    assert (copy / "data" / "x").read_text() == "x"
    (copy / "sub" / "own").write_text("changed")
    assert (copy / "a.csv").read_text() == "changed"
    assert (root / "a.csv").read_text() == "a.csv"


def test_only_a_small_tree_may_be_copied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert workspace.is_small(root)
    monkeypatch.setattr(workspace, "MOST_FILES", 1)
    assert not workspace.is_small(root)
    monkeypatch.setattr(workspace, "MOST_FILES", 2)
    assert workspace.is_small(root)
    monkeypatch.setattr(workspace, "LARGEST_BYTES", len("a.csv" + "sub/b.py") - 1)
    assert not workspace.is_small(root)
