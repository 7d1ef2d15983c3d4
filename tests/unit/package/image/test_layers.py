"""Layers of images are the same each time, and hold what they should."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from nbmlops.package.image.layers import add_folder, descriptor_of, layer_writer
from nbmlops.package.image.rootfs import rootfs_layer
from nbmlops.package.layout import Layout
from tests.unit.package.image.things import app_in, tar_in
from tests.unit.package.kits import tar_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


def test_digest_and_diff_id_are_those_of_the_bytes(layout: Layout) -> None:
    with layer_writer(layout, epoch=1_700_000_000, owner=5, group=6) as writer:
        writer.file("a/b/c.txt", 0o644, 3, [b"a", b"bc"])
        writer.link("a/link", "b/c.txt")
    blob = layout.path(writer.layer.digest).read_bytes()
    plain = zlib.decompress(blob, 31)
    assert writer.layer.digest == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert writer.layer.size == len(blob)
    assert writer.layer.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert blob[:10].hex() == "1f8b0800000000000003"
    with tar_in(layout, descriptor_of(writer.layer, "gzip")) as archive:
        members = archive.getmembers()
    assert [(each.name, each.type, each.mode) for each in members] == [
        ("a", tarfile.DIRTYPE, 0o755),
        ("a/b", tarfile.DIRTYPE, 0o755),
        ("a/b/c.txt", tarfile.REGTYPE, 0o644),
        ("a/link", tarfile.SYMTYPE, 0o777),
    ]
    assert {(each.uid, each.gid, each.mtime, each.uname) for each in members} == {(5, 6, 1_700_000_000, "")}
    assert members[3].linkname == "b/c.txt"


def test_long_and_foreign_names_of_links_come_back(layout: Layout) -> None:
    long, foreign = "d/" * 80 + "end", "größe"
    with layer_writer(layout, epoch=0, compression="none") as writer:
        writer.link("one", long)
        writer.link("x" * 120, foreign)
    with tar_in(layout, descriptor_of(writer.layer, "none")) as archive:
        assert {each.name: each.linkname for each in archive} == {"one": long, "x" * 120: foreign}


def test_an_app_is_the_same_from_another_folder_at_another_time(layout: Layout, tmp_path: Path) -> None:
    digests = set()
    for number, name in enumerate(("one", "two")):
        folder = app_in(tmp_path / name)
        for path in folder.rglob("*.py"):
            os.utime(path, (number, number), follow_symlinks=False)
            if not path.is_symlink():
                path.chmod((0o600, 0o664)[number])
        with layer_writer(layout, epoch=0) as writer:
            assert add_folder(writer, folder, "opt/app") == 2
        digests.add(writer.layer.digest)
    assert len(digests) == 1
    with tar_in(layout, descriptor_of(writer.layer, "gzip")) as archive:
        assert {each.name: each.mode for each in archive} == {
            "opt": 0o755,
            "opt/app": 0o755,
            "opt/app/again.py": 0o777,
            "opt/app/main.py": 0o644,
            "opt/app/start.sh": 0o755,
        }


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd"])
def test_a_link_out_of_an_app_is_refused(layout: Layout, tmp_path: Path, target: str) -> None:
    folder = app_in(tmp_path / "app")
    (folder / "leak").symlink_to(target)
    with pytest.raises(UsageError, match="leads out"), layer_writer(layout, epoch=0) as writer:
        add_folder(writer, folder, "opt/app")
    assert not list((layout.root / "ingest").iterdir())


@pytest.mark.parametrize(
    ("path", "kind"),
    [("../up", "path-outside"), ("/etc/passwd", "path-outside"), ("a/.wh.b", "path-whiteout"), ("a", "path-twice")],
)
def test_what_no_layer_may_hold(layout: Layout, path: str, kind: str) -> None:
    with layer_writer(layout, epoch=0) as writer:
        writer.file("a", 0o644, 0, [])
        with pytest.raises(IntegrityError) as caught:
            writer.file(path, 0o644, 0, [])
    assert caught.value.kind == kind


def test_a_file_that_grows_is_told(layout: Layout) -> None:
    with pytest.raises(ConflictError, match="changed"), layer_writer(layout, epoch=0) as writer:
        writer.file("a", 0o644, 1, [b"ab"])


@pytest.mark.parametrize("epoch", [-1, 1 << 40])
def test_an_epoch_that_no_header_has_room_for(layout: Layout, epoch: int) -> None:
    with pytest.raises(UsageError, match="epoch"), layer_writer(layout, epoch=epoch):
        pass


def test_a_tar_is_compressed_once(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tar_of(("bin", None), ("bin/sh", b"x" * 5000))
    (tmp_path / "root.tar").write_bytes(data)
    first = rootfs_layer(layout, tmp_path / "root.tar", epoch=0)
    assert first.layer.diff_id == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert zlib.decompress(layout.path(first.layer.digest).read_bytes(), 31) == data

    monkeypatch.setattr("nbmlops.package.image.rootfs.Squeezed", None)
    (tmp_path / "copy.tar").write_bytes(data)
    assert rootfs_layer(layout, tmp_path / "copy.tar", epoch=0) == first


def test_a_compressed_tar_stays_as_it_is(layout: Layout, tmp_path: Path) -> None:
    data = tar_of(("bin/sh", b"x" * 5000))
    # Two in one, as pigz and bgzip write them.
    blob = b"".join(
        compressor.compress(part) + compressor.flush()
        for part in (data[:700], data[700:])
        if (compressor := zlib.compressobj(1, zlib.DEFLATED, 31))
    )
    (tmp_path / "root.tar.gz").write_bytes(blob)
    found = rootfs_layer(layout, tmp_path / "root.tar.gz", epoch=0).layer
    assert found.digest == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert found.diff_id == f"sha256:{hashlib.sha256(data).hexdigest()}"

    (tmp_path / "short.tar.gz").write_bytes(blob[:-12])
    with pytest.raises(IntegrityError, match="cut short"):
        rootfs_layer(layout, tmp_path / "short.tar.gz", epoch=0)


def test_a_folder_keeps_modes_and_links_and_leaves_pipes(layout: Layout, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "su").write_text("x")
    (root / "bin" / "su").chmod(0o4711)
    (root / "bin" / "sh").symlink_to("/bin/su")
    os.mkfifo(root / "pipe")
    found = rootfs_layer(layout, root, epoch=7)
    with tar_in(layout, descriptor_of(found.layer, "gzip")) as archive:
        members = {each.name: each for each in archive}
    assert set(members) == {"bin", "bin/su", "bin/sh"}
    assert members["bin/su"].mode == 0o4711
    assert members["bin/sh"].linkname == "/bin/su"
    assert {each.mtime for each in members.values()} == {7}
    assert rootfs_layer(layout, root, epoch=7) == found
    (root / "bin" / "new").write_text("y")
    assert rootfs_layer(layout, root, epoch=7) != found


def test_what_is_no_root_file_system(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no root file system"):
        rootfs_layer(layout, tmp_path / "none", epoch=0)
    for name, data in (("text", b"hello"), ("root.tar.xz", b"\xfd7zXZ\0....")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match="no tar"):
            rootfs_layer(layout, tmp_path / name, epoch=0)
