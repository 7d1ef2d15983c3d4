"""A root file system becomes one layer. It is compressed once: the layer is kept under what it was made from.

A tar is taken as it is, so that its digest is the layer's diffID. A folder is written with its modes and owners;
devices and sockets stay behind, and what is linked twice stands there twice.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
import zlib
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.lib.digest import digest_bytes
from nbmlops.package.image.layers import layer_writer, pieces_of, walk
from nbmlops.package.known_layers import TICK_NS, KnownLayers, now_ns
from nbmlops.package.layer import GZIP_LEVEL, Layer, Squeezed
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import Compression
from nbmlops.package.tar import Stamp

_PIECE = 1 << 20
_XZ = b"\xfd7zXZ\0"
_BZIP2 = b"BZh"


class RootFsLayer(NamedTuple):
    layer: Layer
    compression: Compression


def rootfs_layer(layout: Layout, path: Path, *, epoch: int, level: int = GZIP_LEVEL) -> RootFsLayer:
    """Raises NotFoundError where nothing is, UsageError for what is no tar (plain, gzip) and no folder."""
    known = KnownLayers(layout)
    try:
        began, info = now_ns(), path.stat()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no root file system {path}.", kind="rootfs-missing", hint="Make one: mmdebstrap"
        ) from None
    if stat.S_ISDIR(info.st_mode):
        return RootFsLayer(_of_folder(layout, known, path, epoch, level), "gzip")
    state = _state(info)
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        if magic[:2] == b"\x1f\x8b":
            return RootFsLayer(_of_file(layout, known, file, state, began, level, is_compressed=True), "gzip")
        if magic == _XZ or magic.startswith((_BZIP2, b"\x28\xb5\x2f\xfd")) or not tarfile.is_tarfile(file):
            raise UsageError(
                f"{path} is no tar that an image can have as a layer.",
                kind="rootfs-malformed",
                hint="Give a folder, or a tar: plain or with gzip.",
            )
        file.seek(0)
        return RootFsLayer(_of_file(layout, known, file, state, began, level, is_compressed=False), "gzip")


def _of_file(
    layout: Layout,
    known: KnownLayers,
    file: BufferedReader,
    state: tuple[int, ...],
    began: int,
    level: int,
    *,
    is_compressed: bool,
) -> Layer:
    """Known by its state on the disk, else by its digest: a copy is not compressed again."""
    by_state = digest_bytes(msgspec.json.encode(["rootfs", level, is_compressed, state]))
    layer = known.find(by_state)
    if layer is not None:
        return layer
    layer = _copied(layout, file) if is_compressed else _compressed(layout, known, file, level)
    if max(state[3:5]) < began - TICK_NS:
        known.keep(by_state, layer)
    return layer


def _compressed(layout: Layout, known: KnownLayers, file: BufferedReader, level: int) -> Layer:
    diff_id = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    by_content = digest_bytes(msgspec.json.encode(["rootfs", level, diff_id]))
    layer = known.find(by_content)
    if layer is None:
        file.seek(0)
        with layout.incoming() as blob:
            out = Squeezed(blob, "gzip", level)
            while piece := file.read(_PIECE):
                out.write(piece)
            out.finish()
        layer = Layer(blob.digest, blob.size, out.diff_id)
        # What was written meanwhile has another diffID, and is known by that.
        known.keep(digest_bytes(msgspec.json.encode(["rootfs", level, layer.diff_id])), layer)
    return layer


def _copied(layout: Layout, file: BufferedReader) -> Layer:
    hasher = hashlib.sha256()
    inflate = zlib.decompressobj(31)
    with layout.incoming() as blob:
        try:
            while piece := file.read(_PIECE):
                blob.write(piece)
                while piece:
                    hasher.update(inflate.decompress(piece))
                    piece = inflate.unused_data
                    # gzip files may be several in one.
                    inflate = zlib.decompressobj(31) if inflate.eof and piece else inflate
        except zlib.error as error:
            raise IntegrityError(
                f"{file.name} is damaged: {error}.", kind="rootfs-damaged", hint="Make it again."
            ) from error
        if not inflate.eof:
            raise IntegrityError(f"{file.name} is cut short.", kind="rootfs-damaged", hint="Make it again.")
    return Layer(blob.digest, blob.size, f"sha256:{hasher.hexdigest()}")


def _of_folder(layout: Layout, known: KnownLayers, folder: Path, epoch: int, level: int) -> Layer:
    began = now_ns()
    found = [(path, info) for path, info in walk(folder, has_bytecode=True) if _has_place(info)]
    states = [(path, _state(info), info.st_mode, info.st_uid, info.st_gid) for path, info in found]
    key = digest_bytes(msgspec.json.encode(["rootfs", str(folder.resolve()), epoch, level, states]))
    layer = known.find(key)
    if layer is not None:
        return layer
    with layer_writer(layout, epoch=epoch, level=level) as writer:
        for path, info in found:
            stamp = Stamp(info.st_uid, info.st_gid, epoch)
            mode = stat.S_IMODE(info.st_mode)
            if stat.S_ISDIR(info.st_mode):
                writer.folder(path, mode, stamp)
            elif stat.S_ISLNK(info.st_mode):
                writer.link(path, os.readlink(folder / path), stamp)
            else:
                writer.file(path, mode, info.st_size, pieces_of(folder / path), stamp)
    if max((max(info.st_mtime_ns, info.st_ctime_ns) for _, info in found), default=0) < began - TICK_NS:
        known.keep(key, writer.layer)
    return writer.layer


def _has_place(info: os.stat_result) -> bool:
    return stat.S_ISDIR(info.st_mode) or stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)


def _state(info: os.stat_result) -> tuple[int, ...]:
    return (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
