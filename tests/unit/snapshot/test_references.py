"""Data by reference: too large, or in the care of DVC or Git LFS. Restored only as what it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from nbmlops.model.documents import decode, encode
from nbmlops.model.snapshot import Entry, Reference, Scope, Snapshot
from nbmlops.ops.call import Call
from nbmlops.ops.diff import Request as DiffRequest
from nbmlops.ops.diff import diff
from nbmlops.ops.restore import Request, restore
from nbmlops.ops.snapshot import Request as SnapshotRequest
from nbmlops.ops.snapshot import snapshot, take_data
from nbmlops.project import Project
from nbmlops.snapshot.find import load


def entries(project: Project, digest: str) -> dict[str, Entry]:
    return {entry.path: entry for entry in load(digest, project.objects).entries}


def bring(project: Project, digest: str, *paths: str, **more: object) -> None:
    restore(Call(project.root), Request(snapshot=digest, paths=paths, **more))  # type: ignore[arg-type]


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """A project in which a kilobyte is a large file."""
    made = Project.init(tmp_path / "small")
    (made.root / "nbmlops.toml").write_text('[snapshot]\nlargest_file = "1 kB"\n')
    return Project(made.root)


def test_a_file_that_is_too_large_is_kept_by_reference(small: Project) -> None:
    (small.root / "huge.bin").write_bytes(b"x" * 5000)
    (small.root / "tiny.bin").write_bytes(b"y")
    record = take_data(small, [small.root / "huge.bin", small.root / "tiny.bin"])
    entry = entries(small, record.snapshot)["huge.bin"]
    assert isinstance(entry.reference, Reference)
    assert (entry.reference.uri, entry.reference.size, entry.size) == ("huge.bin", 5000, 5000)
    assert record.stored < 2000
    assert diff(Call(small.root), DiffRequest(before=record.snapshot)).changes == ()
    bring(small, record.snapshot)  # there and the same: kept
    bring(small, record.snapshot, to="copy")
    assert (small.root / "copy" / "huge.bin").read_bytes() == b"x" * 5000


def test_a_referenced_file_that_has_changed_is_told_and_nothing_appears(small: Project) -> None:
    huge = small.root / "huge.bin"
    huge.write_bytes(b"x" * 5000)
    digest = take_data(small, [huge]).snapshot
    huge.write_bytes(b"z" * 5000)
    assert len(diff(Call(small.root), DiffRequest(before=digest)).changes) == 1
    with pytest.raises(ConflictError):
        bring(small, digest)
    with pytest.raises(IntegrityError, match="no longer what was kept"):
        bring(small, digest, to="copy")
    assert not (small.root / "copy" / "huge.bin").exists()
    with pytest.raises(IntegrityError):
        bring(small, digest, force=True)
    assert huge.read_bytes() == b"z" * 5000
    huge.unlink()
    with pytest.raises(NotFoundError, match=r"huge\.bin"):
        bring(small, digest)


def lfs(root: Path, data: bytes) -> Path:
    sha = hashlib.sha256(data).hexdigest()
    pointer = root / "model.bin"
    pointer.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha}\nsize {len(data)}\n")
    place = root / ".git" / "lfs" / "objects" / sha[:2] / sha[2:4] / sha
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    return place


def test_a_pointer_of_git_lfs_stands_for_what_it_points_to(project: Project) -> None:
    place = lfs(project.root, b"weights" * 100)
    digest = take_data(project, [project.root / "model.bin"]).snapshot
    reference = entries(project, digest)["model.bin"].reference
    assert isinstance(reference, Reference)
    assert (reference.uri[:4], reference.size) == ("lfs:", 700)
    bring(project, digest, to="out")
    assert (project.root / "out" / "model.bin").read_bytes() == b"weights" * 100
    place.write_bytes(b"weighty" * 100)
    with pytest.raises(IntegrityError, match="no longer"):
        bring(project, digest, to="other")
    place.unlink()
    with pytest.raises(NotFoundError, match="git lfs fetch"):
        bring(project, digest, to="other")


def test_a_file_that_only_looks_like_a_pointer_is_a_file(project: Project) -> None:
    (project.root / "note.txt").write_text("version https://git-lfs.github.com/spec/v1\n" + "and more about it\n" * 5)
    digest = take_data(project, [project.root / "note.txt"]).snapshot
    assert entries(project, digest)["note.txt"].reference is msgspec.UNSET


def dvc(root: Path, name: str, data: bytes, *, cache: str = ".dvc/cache/files/md5") -> Path:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / f"{name}.dvc").write_text(
        f"outs:\n- md5: {md5}\n  size: {len(data)}\n  hash: md5\n  path: {name}\n"
    )
    (root / ".dvc").mkdir(exist_ok=True)
    place = root / cache / md5[:2] / md5[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


@pytest.mark.parametrize("cache", [".dvc/cache/files/md5", ".dvc/cache", "store/files/md5"])
def test_what_dvc_tracks_and_is_not_there_is_kept_by_reference(project: Project, cache: str) -> None:
    place = dvc(project.root, "train.csv", b"a,b\n1,2\n", cache=cache)
    (project.root / ".dvc" / "config").write_text(
        "[core]\n    remote = near\n['remote \"near\"']\n    url = ../store\n"
    )
    digest = take_data(project, [project.root / "data"]).snapshot
    assert set(entries(project, digest)) == {"data/train.csv", "data/train.csv.dvc"}
    bring(project, digest)
    assert (project.root / "data" / "train.csv").read_bytes() == b"a,b\n1,2\n"
    place.write_bytes(b"a,b\n1,3\n")
    (project.root / "data" / "train.csv").unlink()
    with pytest.raises(IntegrityError, match="no longer"):
        bring(project, digest)

    # Now that it is there, it is kept itself.
    (project.root / "data" / "train.csv").write_bytes(b"a,b\n1,2\n")
    again = take_data(project, [project.root / "data"]).snapshot
    assert entries(project, again)["data/train.csv"].reference is msgspec.UNSET


def test_a_folder_of_dvc_is_kept_file_by_file(project: Project) -> None:
    listed = []
    for name in ("a.txt", "sub/b.txt"):
        place = dvc(project.root, "unused", name.encode())
        listed.append({"md5": place.parent.name + place.name, "relpath": name})
    (project.root / "data" / "unused.dvc").unlink()
    text = json.dumps(listed).encode()
    md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
    (project.root / ".dvc/cache/files/md5" / md5[:2]).mkdir(exist_ok=True)
    (project.root / ".dvc/cache/files/md5" / md5[:2] / f"{md5[2:]}.dir").write_bytes(text)
    (project.root / "data" / "images.dvc").write_text(f"outs:\n- md5: {md5}.dir\n  nfiles: 2\n  path: images\n")
    digest = take_data(project, [project.root / "data"]).snapshot
    bring(project, digest)
    assert (project.root / "data" / "images" / "sub" / "b.txt").read_text() == "sub/b.txt"


@pytest.mark.parametrize("text", ["outs: 3", "- a", "outs:\n- path: x\n  md5: nothing\n  size: 1\n", ": :", "\x00"])
def test_a_broken_pointer_of_dvc_is_a_file_like_others(project: Project, text: str) -> None:
    (project.root / "x.dvc").write_text(text)
    digest = take_data(project, [project.root / "x.dvc"]).snapshot
    assert set(entries(project, digest)) == {"x.dvc"}


def test_an_output_outside_of_the_project_is_left_alone(project: Project) -> None:
    (project.root / "x.dvc").write_text(f"outs:\n- md5: {'a' * 32}\n  size: 1\n  path: ../../secret\n")
    digest = take_data(project, [project.root / "x.dvc"]).snapshot
    assert set(entries(project, digest)) == {"x.dvc"}


def test_an_address_with_a_signature_is_refused(project: Project) -> None:
    with pytest.raises(UsageError, match="credentials"):
        snapshot(Call(project.root), SnapshotRequest(paths=("https://host/data.csv?X-Amz-Signature=abc",)))


def test_snapshots_without_references_have_the_identity_that_they_always_had() -> None:
    kept = Snapshot(scope=Scope.DATA, entries=(Entry(path="a", digest="00" * 32, size=1),))
    text = encode(kept)
    assert b"reference" not in text
    assert decode(text, Snapshot, place="it") == kept
