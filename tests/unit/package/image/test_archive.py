"""One file of an image that OCI's tools and Docker's read; and what is said where an engine does not take it."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from nbmlops.errors import ExternalError, MissingDependencyError, UnavailableError, UsageError
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.archive import save_archive
from nbmlops.package.image.load import load
from nbmlops.package.layout import Layout
from tests.unit.package.image.things import image_in, package
from tests.unit.package.kits import tar_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def image(layout: Layout) -> Descriptor:
    return image_in(layout, tar_of(("a", b"1" * 500_000)), tar_of(("b", b"2")))


def test_every_name_in_it_is_a_blob_in_it(layout: Layout, image: Descriptor, tmp_path: Path) -> None:
    save_archive(layout, image, tmp_path / "image.tar", "wine:v1")
    with tarfile.open(tmp_path / "image.tar") as archive:
        files = {each.name: file.read() for each in archive if (file := archive.extractfile(each)) is not None}
    for name, data in files.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == image.digest
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "localhost/wine:v1"
    (docker,) = json.loads(files["manifest.json"])
    assert docker["RepoTags"] == ["localhost/wine:v1"]
    manifest = layout.manifest(image)
    places = [docker["Config"], *docker["Layers"]]
    assert [f"sha256:{name.rpartition('/')[2]}" for name in places] == [
        manifest.config.digest,
        *(layer.digest for layer in manifest.layers or ()),
    ]
    assert set(places) < set(files)
    save_archive(layout, image, tmp_path / "again.tar", "wine:v1")
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "image.tar").read_bytes()


def test_a_package_is_no_image(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no image"):
        save_archive(layout, package(layout, tmp_path / "kit").descriptor, tmp_path / "image.tar", "wine:v1")
    assert not (tmp_path / "image.tar").exists()


def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program of that name, which is found first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_an_engine_gets_the_archive(
    layout: Layout, image: Descriptor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(tmp_path, monkeypatch, f"[ $1 = load ] && cat > {tmp_path}/taken.tar")
    load(layout, image, "wine:v1", "docker")
    save_archive(layout, image, tmp_path / "image.tar", "wine:v1")
    assert (tmp_path / "taken.tar").read_bytes() == (tmp_path / "image.tar").read_bytes()


@pytest.mark.parametrize(
    ("script", "seconds", "error", "words"),
    [
        ("echo 'Cannot connect to the daemon' >&2; exit 1", 60.0, ExternalError, "Cannot connect to the daemon"),
        ("exec sleep 60", 0.2, UnavailableError, "did not take the image in 0 s"),
    ],
)
def test_an_engine_that_does_not_take_it(
    layout: Layout,
    image: Descriptor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    seconds: float,
    error: type[Exception],
    words: str,
) -> None:
    engine(tmp_path, monkeypatch, script)
    with pytest.raises(error, match=words):
        load(layout, image, "wine:v1", "docker", seconds=seconds)


def test_no_engine_is_told(layout: Layout, image: Descriptor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingDependencyError, match="podman is not on this machine"):
        load(layout, image, "wine:v1", "podman")
