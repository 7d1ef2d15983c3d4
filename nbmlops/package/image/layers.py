"""Layers of images: the same entries give the same bytes, on any machine that has the same zlib.

    with layer_writer(layout, epoch=0) as writer:
        writer.file("opt/app/main.py", 0o644, len(text), [text])
        writer.link("opt/app/run", "main.py")
    writer.layer.digest, writer.layer.diff_id

Digest and diffID are computed in the pass that writes. Times are the epoch's, owners are numbers, and each folder on
the way stands there once.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbmlops.errors import ConflictError, IntegrityError, UsageError
from nbmlops.model.image import IMAGE_LAYER
from nbmlops.model.oci import Descriptor
from nbmlops.package.layer import GZIP_LEVEL, Layer, Squeezed
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import Compression
from nbmlops.package.paths import clean
from nbmlops.package.tar import END, MOST_ID, Stamp, header, padding

WHITEOUT = ".wh."
_PIECE = 1 << 20
_MOST_SECONDS = 0o77777777777
_SUFFIX: dict[Compression, str] = {"none": "", "gzip": "+gzip", "zstd": "+zstd"}


def descriptor_of(layer: Layer, compression: Compression) -> Descriptor:
    return Descriptor(media_type=IMAGE_LAYER + _SUFFIX[compression], digest=layer.digest, size=layer.size)


class LayerWriter:
    layer: Layer
    """There once the layer is complete."""

    def __init__(self, out: Squeezed, epoch: int, owner: int, group: int) -> None:
        self._out = out
        self._stamp = Stamp(owner, group, epoch)
        self._folders = {"."}
        self._others: set[str] = set()

    def folder(self, path: str, mode: int = 0o755, stamp: Stamp | None = None) -> None:
        """Told twice, it stands there once: as it was told first."""
        path = self._inside(path)
        if path in self._folders:
            return
        if path in self._others:
            raise _twice(path)
        self._parents(path)
        self._folders.add(path)
        self._out.write(header(path, mode=mode, size=0, is_folder=True, stamp=stamp or self._stamp))

    def file(
        self, path: str, mode: int, size: int, pieces: Iterable[bytes | memoryview], stamp: Stamp | None = None
    ) -> None:
        """Raises ConflictError where the pieces are not `size` bytes together."""
        path = self._new(path)
        self._out.write(header(path, mode=mode, size=size, is_folder=False, stamp=stamp or self._stamp))
        left = size
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            self._out.write(piece)
        if left:
            raise ConflictError(
                f"{path} changed while its layer was written.",
                kind="file-changed",
                hint="Do it again when nobody writes.",
                path=path,
            )
        self._out.write(padding(size))

    def link(self, path: str, to: str, stamp: Stamp | None = None) -> None:
        """A symbolic one."""
        path = self._new(path)
        self._out.write(header(path, mode=0o777, size=0, is_folder=False, link=to, stamp=stamp or self._stamp))

    def _new(self, path: str) -> str:
        path = self._inside(path)
        if path in self._others or path in self._folders:
            raise _twice(path)
        self._parents(path)
        self._others.add(path)
        return path

    def _parents(self, path: str) -> None:
        parent = posixpath.dirname(path)
        if parent:
            self.folder(parent)

    def _inside(self, path: str) -> str:
        found = clean(path)
        if found is None:
            raise IntegrityError(f"{path!r} leads out of the image.", kind="path-outside", path=path)
        if posixpath.basename(found).startswith(WHITEOUT):
            raise IntegrityError(
                f"{path!r} cannot be in an image: a name with {WHITEOUT} takes away what lies below.",
                kind="path-whiteout",
                hint="Give the file another name.",
                path=path,
            )
        return found


@contextlib.contextmanager
def layer_writer(
    layout: Layout,
    *,
    epoch: int,
    compression: Compression = "gzip",
    level: int = GZIP_LEVEL,
    owner: int = 0,
    group: int = 0,
) -> Iterator[LayerWriter]:
    """`epoch`: seconds since 1970 that all entries bear; `level`: of gzip, 1 to 9. Memory does not grow with files."""
    check_epoch(epoch)
    if not 0 <= owner <= MOST_ID or not 0 <= group <= MOST_ID:
        raise UsageError(f"User {owner}:{group} is not within 0 and {MOST_ID}.", kind="owner-malformed")
    with layout.incoming() as blob:
        out = Squeezed(blob, compression, level)
        writer = LayerWriter(out, epoch, owner, group)
        yield writer
        out.write(END)
        out.finish()
    writer.layer = Layer(blob.digest, blob.size, out.diff_id or blob.digest)


def check_epoch(epoch: int) -> None:
    if not 0 <= epoch <= _MOST_SECONDS:
        raise UsageError(f"The epoch is {epoch}: it must be whole seconds since 1970.", kind="epoch-malformed")


def add_folder(writer: LayerWriter, folder: Path, prefix: str) -> int:
    """All of a folder below `prefix`, names in bytewise order; how many files.

    Modes are 0755 and 0644, byte code and its folders are left out. Raises UsageError for a link that leads out of the
    folder and for what is no file, folder or link.
    """
    count = 0
    for path, info in walk(folder):
        place = posixpath.join(prefix, path)
        if stat.S_ISDIR(info.st_mode):
            writer.folder(place)
        elif stat.S_ISREG(info.st_mode):
            mode = 0o755 if info.st_mode & 0o100 else 0o644
            writer.file(place, mode, info.st_size, pieces_of(folder / path))
            count += 1
        elif stat.S_ISLNK(info.st_mode):
            target = os.readlink(folder / path)
            if target.startswith("/") or clean(posixpath.join(posixpath.dirname(path), target)) is None:
                raise UsageError(
                    f"{folder / path} is a link that leads out of its folder.",
                    kind="link-outside",
                    hint="Put the file itself there.",
                )
            writer.link(place, target)
        else:
            raise UsageError(f"{folder / path} is no file.", kind="file-special", hint="Take it away.")
    return count


def walk(folder: Path, *, has_bytecode: bool = False) -> Iterator[tuple[str, os.stat_result]]:
    """What is in a folder: path and state, folders before what is in them, names in bytewise order."""
    waiting = [""]
    while waiting:
        path = waiting.pop()
        if path:
            info = os.lstat(folder / path)
            yield path, info
            if not stat.S_ISDIR(info.st_mode):
                continue
        with os.scandir(folder / path) as found:
            names = sorted((entry.name for entry in found), key=os.fsencode, reverse=True)
        for name in names:
            if has_bytecode or not is_bytecode(name):
                waiting.append(f"{path}/{name}" if path else name)


def is_bytecode(path: str) -> bool:
    """Python writes it again, and with times in it."""
    return path.endswith((".pyc", ".pyo")) or "__pycache__" in path.split("/")


def pieces_of(path: Path) -> Iterator[bytes]:
    # No link is followed that has taken the file's place since it was seen.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece


def _twice(path: str) -> IntegrityError:
    return IntegrityError(f"{path} would stand in a layer twice.", kind="path-twice", path=path)
