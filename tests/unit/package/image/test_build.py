"""An image is what its parts are, bit for bit, and says so in its config."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nbmlops.errors import IntegrityError, UsageError
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.base import open_base
from nbmlops.package.image.build import build
from nbmlops.package.image.sbom import put_sbom
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_list import pinned
from nbmlops.package.image.wheels import Wheels, wheels_layer
from nbmlops.package.kitfile import read_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, open_package
from nbmlops.package.pack import Options, pack
from tests.unit.package.image.things import (
    AMD64,
    ARM64,
    TARGET,
    app_in,
    config_in,
    debian_base,
    package,
    tar_in,
    wheel_in,
)
from tests.unit.package.kits import FILES, folder_of, kit_of, tar_of

EPOCH = 1_700_000_000
CREATED = "2023-11-14T22:13:20Z"
BASE = {
    "Env": ["PATH=/base/bin", "LANG=C.UTF-8"],
    "Entrypoint": ["/base/run"],
    "Cmd": ["bash"],
    "Labels": {"maintainer": "team", "org.opencontainers.image.title": "base"},
    "Healthcheck": {"Test": ["CMD", "true"]},
}


class Built:
    """An image of the same parts, in a folder of its own."""

    def __init__(self, place: Path, files: Mapping[str, str] = FILES) -> None:
        self.place = place
        self.layout = Layout(place / "layout")
        self.opened = package(self.layout, place / "kit", files)
        self.base = open_base(debian_base(place / "debian", BASE), self.layout, AMD64, epoch=EPOCH)
        wheel = wheel_in(place / "wheels", "demo", {"demo.py": b"1"})
        os.utime(wheel)
        self.wheels: Wheels = wheels_layer(
            self.layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=EPOCH, folder=wheel.parent
        )
        self.app = app_in(place / "app")

    def image(self, **changes: Any) -> Descriptor:
        opened: Opened = changes.pop("opened", self.opened)
        given: dict[str, Any] = {
            "wheels": self.wheels,
            "app": self.app,
            "epoch": EPOCH,
            "command": ["python3", "main.py"],
            "env": {"LANG": "de", "A": "b=c"},
            "labels": {"team": "x"},
            "ports": [8080],
            **changes,
        }
        return build(self.layout, opened, self.base, **given)


def test_the_same_parts_give_the_same_image(tmp_path: Path) -> None:
    first, second = Built(tmp_path / "one"), Built(tmp_path / "elsewhere" / "two")
    os.utime(second.app / "main.py", (1, 1))
    image, sbom = (made(first) for made in (Built.image, sbom_of))
    assert second.image() == image
    assert sbom_of(second) == sbom
    assert first.image() == image
    manifest = first.layout.manifest(image)
    assert first.layout.read(image.digest) == second.layout.read(image.digest)
    for layer in (manifest.config, *(manifest.layers or ())):
        assert first.layout.is_whole(layer)


def sbom_of(built: Built) -> Descriptor:
    return put_sbom(built.layout, built.image(), built.base, built.wheels, epoch=EPOCH)


def test_the_config_says_how_it_runs(tmp_path: Path) -> None:
    built = Built(tmp_path)
    image = built.image()
    document = json.loads(built.layout.read(built.layout.manifest(image).config.digest))
    labels = document["config"].pop("Labels")
    assert document["config"] == {
        "User": "10001",
        "ExposedPorts": {"8080/tcp": {}},
        "Env": [
            "PATH=/opt/nbmlops/bin:/base/bin",
            "LANG=de",
            "PYTHONPATH=/opt/nbmlops/app:/opt/nbmlops/lib/python3.11/site-packages",
            "PYTHONDONTWRITEBYTECODE=1",
            "PYTHONUNBUFFERED=1",
            "NBMLOPS_MODEL=/opt/nbmlops/model",
            "NBMLOPS_PACKAGE=/opt/nbmlops/package",
            "A=b=c",
        ],
        "Entrypoint": ["python3", "main.py"],
        "WorkingDir": "/opt/nbmlops/app",
        "StopSignal": "SIGTERM",
    }
    assert labels == {
        "dev.nbmlops.package.digest": built.opened.descriptor.digest,
        "maintainer": "team",
        "org.opencontainers.image.authors": "Team A",
        "org.opencontainers.image.base.digest": built.base.digest,
        "org.opencontainers.image.base.name": "bookworm",
        "org.opencontainers.image.created": CREATED,
        "org.opencontainers.image.title": "wine",
        "org.opencontainers.image.version": "1.0",
        "team": "x",
    }
    assert list(labels) == sorted(labels)
    assert (document["created"], document["architecture"], document["os"]) == (CREATED, "amd64", "linux")
    assert len(document["rootfs"]["diff_ids"]) == len(document["history"]) == 6
    assert [each.get("created_by") for each in document["history"]] == [
        "bookworm",
        "nbmlops image: wheels",
        "nbmlops image: app",
        "nbmlops image: model model",
        "nbmlops image: code src",
        "nbmlops image: Kitfile",
    ]
    assert {each["created"] for each in document["history"]} == {CREATED}
    manifest = built.layout.manifest(image)
    assert manifest.annotations == {key: value for key, value in labels.items() if "." in key}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_the_model_lies_where_the_app_looks(tmp_path: Path, compression) -> None:
    built = Built(tmp_path)
    folder = folder_of(FILES, tmp_path / "again")
    packed = pack(folder, read_kitfile(folder / "Kitfile"), built.layout, Options(compression=compression))
    image = built.image(opened=open_package(built.layout, packed.descriptor))
    root = tmp_path / "root"
    for layer in built.layout.manifest(image).layers or ():
        with tar_in(built.layout, layer) as archive:
            archive.extractall(root, filter="fully_trusted")
    model = root / "opt/nbmlops/model"
    assert model.readlink() == Path("package/model")
    assert (model / "model.skops").read_text() == "weights"
    assert (root / "opt/nbmlops/package/src/train.py").is_file()
    assert read_kitfile(root / "opt/nbmlops/package/Kitfile").package.name == "wine"
    assert not (root / "opt/nbmlops/package/data").exists()


def test_another_model_changes_only_what_is_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = Built(tmp_path)
    before = built.layout.manifest(built.image()).layers or ()
    folder = folder_of({**FILES, "model/model.skops": "other weights"}, tmp_path / "again")
    packed = pack(folder, read_kitfile(folder / "Kitfile"), built.layout)
    after = built.layout.manifest(built.image(opened=open_package(built.layout, packed.descriptor))).layers or ()
    changed = [number for number, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert changed == [3]
    monkeypatch.setattr("nbmlops.package.image.package_layers.layer_entries", None)
    built.image()


def test_layers_that_share_a_file_are_refused(tmp_path: Path) -> None:
    built = Built(tmp_path)
    tars = tar_of(("model", None), ("model/a", b"1")), tar_of(("model", None), ("model/a", b"2"))
    opened = open_package(built.layout, kit_of(built.layout, *tars))
    with pytest.raises(IntegrityError, match="model/a is in model model and in code code1"):
        built.image(opened=opened)


@pytest.mark.parametrize("name", ["../evil", "model/.wh.MLmodel", "/etc/passwd"])
def test_hostile_packages_are_refused(tmp_path: Path, name: str) -> None:
    built = Built(tmp_path)
    opened = open_package(built.layout, kit_of(built.layout, tar_of((name, b"x"))))
    with pytest.raises(IntegrityError):
        built.image(opened=opened)


def test_a_damaged_package_is_refused(tmp_path: Path) -> None:
    built = Built(tmp_path)
    layer = built.opened.layers[0].descriptor
    data = bytearray(built.layout.path(layer.digest).read_bytes())
    # In a file's content: the archive itself stays whole.
    data[data.index(b"weights")] ^= 1
    built.layout.path(layer.digest).write_bytes(data)
    with pytest.raises(IntegrityError, match="damaged"):
        built.image()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": 0}, "by mistake"),
        ({"command": []}, "nothing to start"),
        ({"platform": ARM64}, "The base is for linux/amd64"),
        ({"env": {"A=B": "c"}}, "no name of a variable"),
        ({"epoch": -1}, "epoch"),
        ({"ports": [0]}, "no port 0"),
        ({"app": Path("/nowhere")}, "is no folder"),
    ],
)
def test_what_cannot_be_an_image(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Built(tmp_path).image(**changes)


def test_wheels_for_another_platform_are_refused(tmp_path: Path) -> None:
    built = Built(tmp_path)
    target = Target(platform=ARM64, python="3.11")
    wheels = wheels_layer(built.layout, pinned(["demo==1.0"], target), target, epoch=0, folder=tmp_path / "wheels")
    with pytest.raises(UsageError, match="the wheels for linux/arm64"):
        built.image(wheels=wheels)


def test_an_image_has_a_name_as_packages_have(tmp_path: Path) -> None:
    built = Built(tmp_path)
    image = built.image()
    built.layout.add("localhost/wine-image", image, ["v1"])
    assert built.layout.tags("localhost/wine-image")["v1"].digest == image.digest


def test_without_wheels_the_base_keeps_its_path(tmp_path: Path) -> None:
    built = Built(tmp_path)
    config = config_in(built.layout, built.image(wheels=None)).config
    assert config is not None
    assert (config.env or ())[0] == "PATH=/base/bin"


def test_the_list_of_what_is_inside_refers_to_the_image(tmp_path: Path) -> None:
    built = Built(tmp_path)
    image, sbom = built.image(), sbom_of(built)
    manifest = built.layout.manifest(sbom)
    assert manifest.subject is not None
    assert manifest.subject.digest == image.digest
    assert manifest.artifact_type == "application/vnd.cyclonedx+json"
    document = json.loads(built.layout.read((manifest.layers or ())[0].digest))
    assert [each["purl"] for each in document["components"]] == [
        "pkg:pypi/demo@1.0",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12",
    ]
    assert document["components"][0]["hashes"][0]["content"] == built.wheels.wheels[0].sha256
    assert document["metadata"]["timestamp"] == CREATED
    assert document["metadata"]["component"]["version"] == image.digest
    built.layout.add("localhost/wine-image", sbom)
