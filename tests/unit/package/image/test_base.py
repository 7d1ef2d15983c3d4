"""A base is the image for the platform that was asked for, whole, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError, UsageError
from nbmlops.model.image import Platform, parse_platform
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.base import open_base
from nbmlops.package.image.debian import debian_of
from nbmlops.package.layout import Layout
from nbmlops.package.reference import Reference
from tests.unit.package.image.things import (
    AMD64,
    ARM64,
    DPKG,
    debian_base,
    image_in,
    index_of,
    list_in,
    package,
)
from tests.unit.package.kits import tar_of

TAR, OTHER = tar_of(("bin/sh", b"amd64")), tar_of(("bin/sh", b"arm64"))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def origin(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "origin")


def both(origin: Layout) -> Descriptor:
    note = {"architecture": "unknown", "os": "unknown"}
    found = image_in(origin, TAR), image_in(origin, OTHER, platform="linux/arm64/v8")
    return index_of(
        origin, [Descriptor(media_type=found[0].media_type, digest=found[0].digest, size=1, platform=note), *found]
    )


@pytest.mark.parametrize(("platform", "tar"), [(AMD64, TAR), (ARM64, OTHER)])
def test_the_platform_is_chosen(layout: Layout, origin: Layout, platform: Platform, tar: bytes) -> None:
    list_in(origin, v1=both(origin), v2=image_in(origin, tar_of(("x", b"y"))))
    base = open_base(f"oci:{origin.root}:v1", layout, platform, epoch=0)
    assert base.platform == platform
    assert base.name == "v1"
    assert [layout.read(layer.digest) for layer in base.layers] == [tar]


def test_without_names_a_layout_is_one_image(layout: Layout, origin: Layout) -> None:
    list_in(origin, _1=image_in(origin, TAR), _2=image_in(origin, OTHER, platform="linux/arm64"))
    for platform, tar in ((AMD64, TAR), (ARM64, OTHER)):
        base = open_base(f"oci:{origin.root}", layout, platform, epoch=0)
        assert layout.read(base.layers[0].digest) == tar


def test_what_is_not_there_is_told_with_what_is(layout: Layout, origin: Layout) -> None:
    list_in(origin, v1=both(origin), v2=image_in(origin, TAR))
    for text, words in (
        (f"oci:{origin.root}:v3", "There are: v1, v2."),
        (f"oci:{origin.root}", "Name one, as in oci:PATH:TAG. There are: v1, v2."),
        (f"oci:{origin.root}/none", "no OCI layout"),
        ("registry.example.com/python:3.11", "neither a layout nor a root file system"),
    ):
        with pytest.raises(NbmlopsError, match=words):
            open_base(text, layout, AMD64, epoch=0)
    for name in ("v1", "v2"):
        with pytest.raises(NotFoundError, match="is not there for linux/riscv64") as caught:
            open_base(f"oci:{origin.root}:{name}", layout, parse_platform("linux/riscv64"), epoch=0)
        assert "linux/amd64" in caught.value.hint


def test_a_damaged_layer_does_not_come_over(layout: Layout, origin: Layout) -> None:
    image = image_in(origin, TAR)
    list_in(origin, v1=image)
    layer = (origin.manifest(image).layers or ())[0]
    origin.path(layer.digest).write_bytes(TAR[:-1] + b"x")
    with pytest.raises(IntegrityError, match="is damaged"):
        open_base(f"oci:{origin.root}:v1", layout, AMD64, epoch=0)
    assert not layout.has(layer)


def test_a_package_is_no_base(layout: Layout, origin: Layout, tmp_path: Path) -> None:
    list_in(origin, kit=package(origin, tmp_path / "kit").descriptor)
    with pytest.raises(UsageError, match="is no image"):
        open_base(f"oci:{origin.root}:kit", layout, AMD64, epoch=0)


def test_an_index_of_itself_ends(layout: Layout, origin: Layout) -> None:
    found = image_in(origin, TAR)
    for _ in range(6):
        found = index_of(origin, [found])
    list_in(origin, v1=found)
    with pytest.raises(IntegrityError, match="without end"):
        open_base(f"oci:{origin.root}:v1", layout, AMD64, epoch=0)


def test_a_registry_is_asked_by_name(layout: Layout) -> None:
    class Registry:
        def fetch(self, reference: Reference, layout: Layout, platform: Platform) -> Descriptor:
            assert str(reference) == "registry.example.com/python:3.11"
            return index_of(layout, [image_in(layout, TAR), image_in(layout, OTHER, platform=str(platform))])

    base = open_base("registry.example.com/python:3.11", layout, ARM64, epoch=0, source=Registry())
    assert layout.read(base.layers[0].digest) == OTHER
    assert base.name == "registry.example.com/python:3.11"


def test_nothing_is_a_base_too(layout: Layout) -> None:
    assert open_base("scratch", layout, ARM64, epoch=0).layers == ()


@pytest.mark.parametrize("text", ["linux", "linux/", "linux/amd64/v1/x", "linux amd64"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(UsageError, match="is no platform"):
        parse_platform(text)


def test_debian_packages_are_read(layout: Layout, tmp_path: Path) -> None:
    base = open_base(debian_base(tmp_path / "debian"), layout, AMD64, epoch=0)
    found = debian_of(layout, base.layers)
    assert [(each.name, each.version, each.source) for each in found.packages] == [
        ("libc6", "2.36-9+deb12u14", "glibc")
    ]
    assert (found.distribution, found.release, found.glibc) == ("debian", "12", (2, 36))
    assert debian_of(layout, base.layers) == found


def test_a_root_file_system_for_another_machine_is_refused(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(tar_of(("var/lib/dpkg/status", DPKG.encode())))
    text = f"rootfs:{tmp_path / 'root.tar'}"
    assert open_base(text, layout, AMD64, epoch=0).platform == AMD64
    with pytest.raises(UsageError, match="is for amd64, not for linux/arm64"):
        open_base(text, layout, ARM64, epoch=0)


def test_what_an_upper_layer_took_away_is_gone(layout: Layout, origin: Layout, tmp_path: Path) -> None:
    status = tar_of(("var/lib/dpkg/status", b"Package: a\nStatus: install ok installed\nVersion: 1\n"))
    gone = tar_of(("var/lib/dpkg/.wh.status", b""))
    new = tar_of(("var/lib/dpkg/status.d/b", b"Package: b\nVersion: 2\n"))
    list_in(origin, v1=image_in(origin, status, new), v2=image_in(origin, status, new, gone))
    for tag, names in (("v1", ["a", "b"]), ("v2", ["b"])):
        base = open_base(f"oci:{origin.root}:{tag}", layout, AMD64, epoch=0)
        found = debian_of(layout, base.layers)
        assert [each.name for each in found.packages] == names
        assert found.glibc is None
