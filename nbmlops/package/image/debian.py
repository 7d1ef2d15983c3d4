"""Which Debian packages a base has, as its dpkg says; read once for each layer."""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Sequence
from typing import IO

import msgspec
import zstandard

from nbmlops.errors import IntegrityError
from nbmlops.lib.files import write_atomic
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import compression_of

_STATUS = "var/lib/dpkg/status"
_STATUS_FOLDER = "var/lib/dpkg/status.d/"
"""Of images without a package manager: a file for each package."""
_RELEASE = ("etc/os-release", "usr/lib/os-release")
_MOST_BYTES = 64 << 20
_ARCHITECTURES = {"i386": "386", "armhf": "arm", "armel": "arm", "ppc64el": "ppc64le", "mips64el": "mips64le"}
_VERSION = re.compile(r"(?:\d+:)?(\d+)\.(\d+)")


class DebianPackage(msgspec.Struct, frozen=True, kw_only=True, order=True):
    name: str
    version: str
    architecture: str = ""
    source: str = ""


class Debian(msgspec.Struct, frozen=True, kw_only=True):
    packages: tuple[DebianPackage, ...] = ()
    """Installed ones, sorted; none where the base has no dpkg."""
    distribution: str = ""
    """`debian`, `ubuntu`"""
    release: str = ""
    """`12`"""

    @property
    def architecture(self) -> str:
        """As images name it; empty where it is not known."""
        told = next((each.architecture for each in self.packages if each.name in ("libc6", "dpkg")), "")
        return _ARCHITECTURES.get(told, told)

    @property
    def glibc(self) -> tuple[int, int] | None:
        """What wheels may ask for; None where it is not known."""
        for package in self.packages:
            if package.name == "libc6" and (match := _VERSION.match(package.version)):
                return int(match[1]), int(match[2])
        return None


class _Files(msgspec.Struct, frozen=True, kw_only=True):
    """Of one layer, by path; an empty text for one that was taken away."""

    texts: dict[str, str]


def debian_of(layout: Layout, layers: Sequence[Descriptor]) -> Debian:
    """Of an image's layers, lowest first. Raises IntegrityError for one that is damaged."""
    texts: dict[str, str] = {}
    for layer in layers:
        texts.update(_files(layout, layer).texts)
    found = []
    for path, text in texts.items():
        if path == _STATUS or path.startswith(_STATUS_FOLDER):
            found += _packages(text)
    release = next((texts[path] for path in _RELEASE if texts.get(path)), "")
    told = dict(re.findall(r'(?m)^([A-Z_]+)="?([^"\n]*)"?$', release))
    return Debian(
        packages=tuple(sorted(set(found))), distribution=told.get("ID", ""), release=told.get("VERSION_ID", "")
    )


def _files(layout: Layout, layer: Descriptor) -> _Files:
    note = layout.root / "cache" / "nbmlops" / "debian" / layer.digest.removeprefix("sha256:")
    try:
        return msgspec.json.decode(note.read_bytes(), type=_Files)
    except (OSError, msgspec.MsgspecError):
        found = _Files(texts=_read(layout, layer))
        write_atomic(note, msgspec.json.encode(found))
        return found


def _read(layout: Layout, layer: Descriptor) -> dict[str, str]:
    texts: dict[str, str] = {}
    compression = compression_of(layer.media_type)
    with layout.open(layer.digest) as blob:
        stream: IO[bytes] = blob
        if compression == "zstd":
            stream = zstandard.ZstdDecompressor().stream_reader(blob)
        try:
            with tarfile.open(fileobj=stream, mode="r|gz" if compression == "gzip" else "r|") as archive:
                for member in archive:
                    path = member.name.removeprefix("./").lstrip("/")
                    folder, _, name = path.rpartition("/")
                    if name.startswith(".wh."):
                        texts[f"{folder}/{name.removeprefix('.wh.')}"] = ""
                    elif member.isfile() and member.size <= _MOST_BYTES and _counts(path):
                        file = archive.extractfile(member)
                        texts[path] = file.read().decode("utf-8", "replace") if file is not None else ""
        except (tarfile.TarError, zlib.error, zstandard.ZstdError, EOFError) as error:
            raise IntegrityError(
                f"Layer {layer.digest[:19]} of the base is damaged.", kind="blob-damaged", hint="Get the base again."
            ) from error
    return {path: text for path, text in texts.items() if _counts(path)}


def _counts(path: str) -> bool:
    is_note = path.endswith((".md5sums", ".list"))
    return path == _STATUS or path in _RELEASE or (path.startswith(_STATUS_FOLDER) and not is_note)


def _packages(text: str) -> list[DebianPackage]:
    found = []
    for block in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.*)$", block))
        # status.d has no state: what is listed there is there.
        state = fields.get("Status", "install ok installed")
        if "Package" in fields and "Version" in fields and state.endswith(" installed"):
            found.append(
                DebianPackage(
                    name=fields["Package"],
                    version=fields["Version"],
                    architecture=fields.get("Architecture", ""),
                    source=fields.get("Source", "").partition(" ")[0],
                )
            )
    return found
