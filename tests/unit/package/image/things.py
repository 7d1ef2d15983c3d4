"""Bases, wheels and packages made by hand, whole or hostile."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.model.image import IMAGE_CONFIG, IMAGE_LAYER, ImageConfig, parse_platform
from nbmlops.model.oci import INDEX, MANIFEST, Descriptor, Manifest
from nbmlops.package.gojson import encode
from nbmlops.package.image.base import REF_NAME
from nbmlops.package.image.target import Target
from nbmlops.package.kitfile import read_kitfile
from nbmlops.package.layout import Layout, written
from nbmlops.package.opened import Opened, open_package
from nbmlops.package.pack import pack
from tests.unit.package.kits import FILES, folder_of, tar_of

AMD64, ARM64 = parse_platform("linux/amd64"), parse_platform("linux/arm64")
TARGET = Target(platform=AMD64, python="3.11", glibc=(2, 36))
DPKG = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u14
Description: GNU C Library
 Status: install ok installed

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""


def package(layout: Layout, place: Path, files: Mapping[str, str] = FILES) -> Opened:
    folder = folder_of(dict(files), place)
    return open_package(layout, pack(folder, read_kitfile(folder / "Kitfile"), layout).descriptor)


def app_in(place: Path) -> Path:
    place.mkdir(parents=True)
    (place / "main.py").write_text("print('hello')\n")
    (place / "start.sh").write_text("#!/bin/sh\n")
    (place / "start.sh").chmod(0o700)
    (place / "again.py").symlink_to("main.py")
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"x")
    return place


def image_in(
    origin: Layout, *tars: bytes, platform: str = "linux/amd64", config: Mapping[str, Any] | None = None
) -> Descriptor:
    """An image of uncompressed layers; its platform is in its descriptor, as in an index."""
    found = parse_platform(platform)
    document = {
        "architecture": found.architecture,
        "os": found.os,
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in tars]},
    }
    data = encode(document)
    manifest = Manifest(
        schema_version=2,
        media_type=MANIFEST,
        config=Descriptor(media_type=IMAGE_CONFIG, digest=origin.put(data), size=len(data)),
        layers=tuple(Descriptor(media_type=IMAGE_LAYER, digest=origin.put(each), size=len(each)) for each in tars),
    )
    data = written(manifest)
    return Descriptor(
        media_type=MANIFEST,
        digest=origin.put(data),
        size=len(data),
        platform={"architecture": found.architecture, "os": found.os},
    )


def index_of(origin: Layout, manifests: Sequence[Descriptor]) -> Descriptor:
    data = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": msgspec.to_builtins(list(manifests))})
    return Descriptor(media_type=INDEX, digest=origin.put(data), size=len(data))


def list_in(origin: Layout, **tagged: Descriptor) -> None:
    """Writes index.json; a name `_` means none."""
    found = []
    for tag, descriptor in tagged.items():
        entry = msgspec.to_builtins(descriptor)
        if not tag.startswith("_"):
            entry["annotations"] = {REF_NAME: tag}
        found.append(entry)
    (origin.root / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": found}))


def debian_base(place: Path, config: Mapping[str, Any] | None = None) -> str:
    """A layout with a base that says which packages it has; how to name it."""
    origin = Layout(place)
    tar = tar_of(
        ("etc/os-release", b'ID=debian\nVERSION_ID="12"\n'), ("var/lib/dpkg/status", DPKG.encode()), ("bin", None)
    )
    list_in(origin, bookworm=image_in(origin, tar, config=config))
    return f"oci:{place}:bookworm"


def wheel_in(
    folder: Path,
    name: str,
    files: Mapping[str, bytes],
    *,
    version: str = "1.0",
    tag: str = "py3-none-any",
    record: Mapping[str, str] | None = None,
    members: Sequence[tuple[zipfile.ZipInfo, bytes]] = (),
) -> Path:
    """`record`: digests that RECORD says in place of the right ones."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: " + tag.encode() + b"\n",
    }
    rows = [f"{path},{(record or {}).get(path) or recorded(data)},{len(data)}" for path, data in whole.items()]
    whole[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]).encode()
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, data in whole.items():
            archive.writestr(inner, data)
        for member, data in members:
            archive.writestr(member, data)
    return path


def recorded(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def tar_in(layout: Layout, layer: Descriptor) -> tarfile.TarFile:
    with layout.open(layer.digest) as blob:
        return tarfile.open(fileobj=io.BytesIO(blob.read()))


def config_in(layout: Layout, image: Descriptor) -> ImageConfig:
    return msgspec.json.decode(layout.read(layout.manifest(image).config.digest), type=ImageConfig)
