"""The same files are the same package, anywhere; what does not belong into one is not in it."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.package.kitfile import read_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.pack import LayerProgress, Options, Packed, pack
from nbmlops.package.unpack import unpack
from tests.unit.package.kits import FILES, folder_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


def packed(folder: Path, layout: Layout, **options: object) -> Packed:
    return pack(folder, read_kitfile(folder / "Kitfile"), layout, Options(**options))


def names_in(layout: Layout, package: Packed, place: Path) -> set[str]:
    unpack(layout, open_package(layout, package.descriptor), place, has_kitfile=False)
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def test_neither_place_nor_time_nor_umask_is_in_it(layout: Layout, tmp_path: Path) -> None:
    first = folder_of(FILES, tmp_path / "first")
    second = tmp_path / "second place"
    shutil.copytree(first, second)
    for path in second.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert packed(first, layout).descriptor == packed(second, layout).descriptor


def test_a_program_stays_one(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    before = packed(folder, layout)
    (folder / "src" / "train.py").chmod(0o750)
    after = packed(folder, layout)
    assert after.descriptor != before.descriptor
    unpack(layout, open_package(layout, after.descriptor), tmp_path / "out")
    assert (tmp_path / "out" / "src" / "train.py").stat().st_mode & 0o777 == 0o755


def test_the_time_is_the_one_that_is_given(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    created = "org.opencontainers.image.created"
    assert created not in packed(folder, layout).manifest.annotations
    assert packed(folder, layout, created=when).manifest.annotations[created] == "2026-01-02T03:04:05Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert packed(folder, layout, created=when).manifest.annotations[created] == "1970-01-02T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH is 'now'"):
        packed(folder, layout)


def test_what_has_not_changed_is_not_read_again(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    past = 1_700_000_000
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (past, past))
    settle()
    first = packed(folder, layout)
    assert not any(layer.is_known for layer in first.layers)
    second = packed(folder, layout)
    assert all(layer.is_known for layer in second.layers)
    assert second.descriptor == first.descriptor
    (folder / "README.md").write_text("# Wines\n")
    assert [layer.path for layer in packed(folder, layout).layers if not layer.is_known] == ["README.md"]
    layout.path(first.layers[0].descriptor.digest).unlink()
    assert not packed(folder, layout).layers[0].is_known


def settle() -> None:
    """Entries of files that were made a moment ago are not trusted."""
    import time

    time.sleep(0.15)


def test_a_neighbour_with_a_longer_name_is_not_inside(layout: Layout, tmp_path: Path) -> None:
    """`kit` up to September 2026 lost such files (kitops#1279)."""
    kitfile = "manifestVersion: 1.0.0\ndatasets:\n- path: data\ncode:\n- path: .\n"
    folder = folder_of({"data/a": "1", "data_notes.txt": "2", "data.csv": "3"}, tmp_path / "f", kitfile)
    package = packed(folder, layout)
    assert {layer.path: layer.files for layer in package.layers} == {"data": 1, ".": 2}
    assert names_in(layout, package, tmp_path / "out") == {"data/a", "data_notes.txt", "data.csv"}


IGNORE = """\
# what nobody needs
*.log
**/__pycache__
tmp/**
!tmp/keep.txt
secret?.[tp]xt
"""


def test_what_is_ignored_is_left_out(layout: Layout, tmp_path: Path) -> None:
    files = {
        ".kitignore": IGNORE,
        "a.log": "",
        "deep/b.log": "",
        "deep/__pycache__/c.pyc": "",
        "tmp/x": "",
        "tmp/keep.txt": "",
        "secret1.txt": "",
        "secret22.txt": "",
        ".DS_Store": "",
        "deep/Thumbs.db": "",
        "main.py": "",
    }
    folder = folder_of(files, tmp_path / "f", "manifestVersion: 1.0.0\ncode:\n- path: .\n")
    found = names_in(layout, packed(folder, layout), tmp_path / "out")
    assert found == {"deep/b.log", "tmp/keep.txt", "secret22.txt", "main.py"}


def test_what_belongs_to_programs_stays_here(layout: Layout, tmp_path: Path) -> None:
    files = {
        ".git/config": "",
        "src/.nbmlops/records.db": "",
        "src/__pycache__/a.pyc": "",
        "src/a.py": "",
        ".gitignore": "",
    }
    folder = folder_of(files, tmp_path / "f", "manifestVersion: 1.0.0\ncode:\n- path: .\n")
    assert names_in(layout, packed(folder, layout), tmp_path / "out") == {"src/a.py", ".gitignore"}


def test_links_are_left_out_and_told(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    (folder / "src" / "link").symlink_to("/etc/passwd")
    (folder / "src" / "loop").symlink_to(".")
    package = packed(folder, layout)
    assert package.left_out == ("src/link", "src/loop")
    assert "src/link" not in names_in(layout, package, tmp_path / "out")


def test_a_layer_that_is_a_link_is_refused(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("notes.txt")
    with pytest.raises(UsageError, match=r"Nothing of README\.md is left to pack"):
        packed(folder, layout)


def test_what_is_not_there_is_told(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of({}, tmp_path / "wine")
    with pytest.raises(NotFoundError, match="model is not in"):
        packed(folder, layout)
    with pytest.raises(UsageError, match="lists nothing to pack"):
        packed(folder_of({}, tmp_path / "empty", "manifestVersion: 1.0.0\n"), layout)


def test_a_file_that_grows_meanwhile_is_told(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    grown = folder / "data" / "train.csv"

    def grow(event: LayerProgress) -> None:
        if event.path == "data/train.csv":
            grown.write_text(FILES["data/train.csv"] * 2)

    with pytest.raises(ConflictError, match=r"train\.csv changed while it was packed"):
        pack(folder, read_kitfile(folder / "Kitfile"), layout, progress=grow)
    assert not list((layout.root / "ingest").iterdir())
    assert layout.repos() == ()


def test_a_model_of_another_package_is_a_reference(layout: Layout, tmp_path: Path) -> None:
    kitfile = "manifestVersion: 1.0.0\nmodel:\n  path: ghcr.io/team/base:v1\ncode:\n- path: src\n"
    package = packed(folder_of(FILES, tmp_path / "wine", kitfile), layout)
    assert [layer.kind for layer in package.layers] == ["code"]
    assert package.kitfile.model is not None
    assert package.kitfile.model.digest == ""
