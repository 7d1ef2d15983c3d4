"""Layers of a package as layers of an image: the same files at another place, each layer written once."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.files import write_atomic
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.layers import layer_writer
from nbmlops.package.image.manifest import Part
from nbmlops.package.layer import Layer
from nbmlops.package.layer_entries import layer_entries, name_of
from nbmlops.package.layout import Layout
from nbmlops.package.opened import PackageLayer


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    layer: Layer
    files: tuple[str, ...]


def package_parts(
    layout: Layout, layers: Iterable[PackageLayer], prefix: str, epoch: int, *, strip: str = "."
) -> list[Part]:
    """Layers of a package as layers of an image, below `prefix`; `strip` is the folder in it that lies there.

    Raises IntegrityError for a damaged or hostile one, and where two have the same file.
    """
    found = []
    owners: dict[str, str] = {}
    for layer in layers:
        key = _key(layer, prefix, strip, epoch)
        done = _find(layout, key)
        if done is None:
            done = _rewritten(layout, layer, prefix, strip, epoch)
            write_atomic(_note(layout, key), msgspec.json.encode(done))
        name = name_of(layer)
        for path in done.files:
            if owners.setdefault(path, name) != name:
                raise IntegrityError(
                    f"{path} is in {owners[path]} and in {name} of the package.",
                    kind="path-twice",
                    hint="Leave one of them out.",
                    path=path,
                )
        found.append(Part(layer=done.layer, compression="none", told=name))
    return found


def _note(layout: Layout, key: str) -> Path:
    return layout.root / "cache" / "nbmlops" / "image-layers" / key


def _find(layout: Layout, key: str) -> _Done | None:
    try:
        found = msgspec.json.decode(_note(layout, key).read_bytes(), type=_Done)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if layout.has(Descriptor(media_type="", digest=found.layer.digest, size=found.layer.size)) else None


def _key(layer: PackageLayer, prefix: str, strip: str, epoch: int) -> str:
    parts = ["image", layer.kind, layer.entry.path, layer.entry.diff_id, layer.descriptor, prefix, strip, epoch]
    return digest_bytes(msgspec.json.encode(parts))


def _rewritten(layout: Layout, layer: PackageLayer, prefix: str, strip: str, epoch: int) -> _Done:
    """In the package's order, which is the same for the same layer."""
    files = []
    with layer_writer(layout, epoch=epoch, compression="none") as writer:
        for entry in layer_entries(layout, layer):
            path = _below(entry.path, strip)
            if path is None:
                continue
            place = posixpath.normpath(posixpath.join(prefix, path))
            if entry.is_folder:
                writer.folder(place)
                continue
            if path == ".":
                place = posixpath.join(prefix, posixpath.basename(entry.path))
            writer.file(place, 0o755 if entry.mode & 0o100 else 0o644, entry.size, entry.pieces)
            files.append(place)
    return _Done(layer=writer.layer, files=tuple(files))


def _below(path: str, folder: str) -> str | None:
    """The path as seen from the folder; None for a folder on the way there."""
    if folder == "." or path == folder:
        return path if folder == "." else "."
    if path.startswith(f"{folder}/"):
        return path[len(folder) + 1 :]
    return None if folder.startswith(f"{path}/") or path == "." else path
