"""A base out of a registry: the right one, whole, and only it. An image goes there as packages do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.model.image import parse_platform
from nbmlops.model.oci import INDEX, MANIFEST, Descriptor
from nbmlops.package.image.base import Base, open_base
from nbmlops.package.image.build import build
from nbmlops.package.image.from_registry import FromRegistry
from nbmlops.package.image.sbom import put_sbom
from nbmlops.package.layout import Layout
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.referrers import referrers
from nbmlops.package.registry.transfer import push
from tests.unit.package.image.things import AMD64, ARM64, app_in, image_in, index_of, package
from tests.unit.package.kits import tar_of
from tests.unit.package.registry import faulty as server

TARS = {AMD64: tar_of(("bin/sh", b"amd64")), ARM64: tar_of(("bin/sh", b"arm64"))}


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[server.Faulty]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with server.serving() as made:
        yield made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def index(faulty: server.Faulty, tmp_path: Path) -> Descriptor:
    """`python:3.11` for two platforms."""
    origin = Layout(tmp_path / "origin")
    images = [image_in(origin, tar, platform=str(platform)) for platform, tar in TARS.items()]
    index = index_of(origin, images)
    for path in (origin.root / "blobs" / "sha256").iterdir():
        faulty.blobs["python", f"sha256:{path.name}"] = path.read_bytes()
    for each, kind in ((index, INDEX), *((image, MANIFEST) for image in images)):
        faulty.manifests["python", each.digest] = kind, origin.read(each.digest)
    faulty.manifests["python", "3.11"] = faulty.manifests["python", index.digest]
    return index


def opened(faulty: server.Faulty, layout: Layout, name: str, platform=AMD64) -> Base:
    source = FromRegistry(lambda reference: Registry(reference.registry))
    return open_base(f"{faulty.host}/{name}", layout, platform, epoch=0, source=source)


def test_only_the_platform_comes(faulty: server.Faulty, index: Descriptor, layout: Layout) -> None:
    for count, platform in enumerate((AMD64, ARM64), 1):
        base = opened(faulty, layout, "python:3.11", platform)
        assert [layout.read(layer.digest) for layer in base.layers] == [TARS[platform]]
        assert faulty.count("GET .*/blobs/") == 2 * count
    with pytest.raises(NotFoundError, match="not there for linux/riscv64"):
        opened(faulty, layout, "python:3.11", parse_platform("linux/riscv64"))


def test_named_by_digest_it_is_asked_for_once(faulty: server.Faulty, index: Descriptor, layout: Layout) -> None:
    image = opened(faulty, layout, f"python@{index.digest}").digest
    first = opened(faulty, layout, f"python@{image}")
    asked = len(faulty.seen)
    assert opened(faulty, layout, f"python@{image}") == first
    assert len(faulty.seen) == asked


def test_other_bytes_are_refused(faulty: server.Faulty, index: Descriptor, layout: Layout) -> None:
    digest = server.digest_of(TARS[AMD64])
    faulty.blobs["python", digest] = TARS[ARM64]
    with pytest.raises(IntegrityError, match="other bytes than its digest says"):
        opened(faulty, layout, "python:3.11")
    assert not layout.path(digest).exists()


def test_an_image_goes_to_a_registry_with_what_is_inside(faulty: server.Faulty, layout: Layout, tmp_path: Path) -> None:
    base = open_base("scratch", layout, AMD64, epoch=0)
    kit = package(layout, tmp_path / "kit")
    image = build(layout, kit, base, app=app_in(tmp_path / "app"), epoch=0, command=["main"])
    sbom = put_sbom(layout, image, base, None, epoch=0)
    reference = parse(f"{faulty.host}/wine-app:v1")
    with Registry(faulty.host) as registry:
        assert push(layout, reference, registry, source=image).digest == image.digest
        by_digest = Reference(registry=reference.registry, repository=reference.repository, digest=sbom.digest)
        push(layout, by_digest, registry, source=sbom)
        found = referrers(registry, "wine-app", image.digest)
    assert [(each.digest, each.artifact_type) for each in found] == [(sbom.digest, sbom.artifact_type)]
    other = opened(faulty, Layout(tmp_path / "other"), "wine-app:v1")
    assert other.digest == image.digest
