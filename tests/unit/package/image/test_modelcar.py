"""The image that KServe takes for `oci://`."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.kitfile import Code, Model, ModelPart
from nbmlops.package.image.base import open_base
from nbmlops.package.image.modelcar import PROGRAMS, modelcar
from nbmlops.package.kitfile import new_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.pack import pack
from tests.unit.package.image.things import AMD64, ARM64, config_in, debian_base, package, tar_in
from tests.unit.package.kits import FILES, folder_of


def program(path: Path, machine: int = 62, *, is_static: bool = True) -> Path:
    """The head of an ELF program."""
    head = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )
    path.write_bytes(head + struct.pack("<I", 1 if is_static else 3) + bytes(52))
    path.chmod(0o755)
    return path


def names(layout: Layout, image, number: int) -> set[str]:
    with tar_in(layout, (layout.manifest(image).layers or ())[number]) as archive:
        return {each.name for each in archive if not each.isdir()}


def test_it_has_the_model_and_the_programs(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    opened = package(layout, tmp_path / "kit")
    busybox = program(tmp_path / "busybox")
    image = modelcar(layout, opened, platform=AMD64, epoch=0, busybox=busybox)
    assert names(layout, image, 0) == {"bin/busybox", *(f"bin/{name}" for name in PROGRAMS)}
    assert names(layout, image, 1) == {"models/MLmodel", "models/model.skops"}
    assert len(layout.manifest(image).layers or ()) == 2
    config = config_in(layout, image)
    assert config.config is not None
    assert config.config.user == "10001"
    assert len(config.rootfs.diff_ids) == len(config.history or ()) == 2
    other = Layout(tmp_path / "other")
    again = modelcar(other, package(other, tmp_path / "again"), platform=AMD64, epoch=0, busybox=busybox)
    assert again == image


def test_parts_lie_beside_the_model_and_a_file_at_the_top(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    folder = folder_of(
        {"weights/model.onnx": "x", "weights/lora/a.bin": "y", "tokenizer/t.json": "z"}, tmp_path / "kit"
    )
    for path, found in (
        ("weights", {"models/model.onnx", "models/lora/a.bin", "models/tokenizer/t.json"}),
        ("weights/model.onnx", {"models/model.onnx", "models/weights/lora/a.bin", "models/tokenizer/t.json"}),
    ):
        parts = (ModelPart(path="weights/lora"), ModelPart(path="tokenizer"))
        kitfile = new_kitfile(package={}, model=Model(path=path, parts=parts))
        opened = open_package(layout, pack(folder, kitfile, layout).descriptor)
        image = modelcar(layout, opened, platform=AMD64, epoch=0, busybox=program(tmp_path / "busybox"))
        assert names(layout, image, 1) | names(layout, image, 2) | names(layout, image, 3) == found


def test_a_base_with_programs_needs_no_busybox(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    base = open_base(debian_base(tmp_path / "debian"), layout, AMD64, epoch=0)
    opened = package(layout, tmp_path / "kit")
    image = modelcar(layout, opened, platform=AMD64, epoch=0, base=base, busybox=tmp_path / "none")
    assert (layout.manifest(image).layers or ())[0] == base.layers[0]
    with pytest.raises(UsageError, match="The base is for linux/amd64"):
        modelcar(layout, opened, platform=ARM64, epoch=0, base=base)


def test_a_busybox_that_would_not_run_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    opened = package(layout, tmp_path / "kit")
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    for busybox, error, words in (
        (tmp_path / "none", NotFoundError, "apt-get install busybox-static"),
        (script, UsageError, "is no static program"),
        (program(tmp_path / "dynamic", is_static=False), UsageError, "is no static program"),
        (program(tmp_path / "arm", 183), UsageError, "is for arm64, the image for linux/amd64"),
    ):
        with pytest.raises(error, match=words):
            modelcar(layout, opened, platform=AMD64, epoch=0, busybox=busybox)


def test_a_package_without_a_model_has_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    folder = folder_of(FILES, tmp_path / "kit")
    opened = open_package(layout, pack(folder, new_kitfile(package={}, code=(Code(path="src"),)), layout).descriptor)
    with pytest.raises(UsageError, match="holds no model"):
        modelcar(layout, opened, platform=AMD64, epoch=0, busybox=program(tmp_path / "busybox"))
