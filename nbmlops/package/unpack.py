"""A package becomes files in a folder; none of them lands outside, and none before all of them are known to be good.

    unpack(layout, open_package(layout, descriptor), target)

Layers are taken apart beside their place, their digests checked on the way; then everything is moved where it belongs.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal

import msgspec

from nbmlops.errors import ConflictError, IntegrityError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.package.kitfile import dump
from nbmlops.package.layer_entries import layer_entries, name_of
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, PackageLayer
from nbmlops.package.paths import clean
from nbmlops.package.untar import MACHINERY

Existing = Literal["refuse", "overwrite", "keep"]
KITFILE = "Kitfile"


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[str, ...]
    """Written, relative to the target."""
    kept: tuple[str, ...]
    """Left as they were: not asked for, or the same already."""
    bytes: int


def unpack(
    layout: Layout,
    opened: Opened,
    target: Path,
    *,
    layers: Sequence[PackageLayer] | None = None,
    has_kitfile: bool = True,
    fetched: Sequence[Fetched] = (),
    existing: Existing = "refuse",
    on_bytes: Callable[[PackageLayer, int], None] = lambda layer, count: None,
) -> Unpacked:
    """Raises IntegrityError for a package that is damaged or hostile and ConflictError for files in the way.

    In both cases nothing in the target has changed.
    """
    chosen = opened.layers if layers is None else layers
    with refusing_disk_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        aside = target / f".nbmlops-{os.urandom(8).hex()}"
        aside.mkdir(mode=0o700)
        try:
            tree = _Tree(aside, folds_case=_folds_case(aside))
            for layer in chosen:
                _take_apart(layout, layer, tree, on_bytes)
            for each in fetched:
                _fetch(each, tree)
            if has_kitfile:
                tree.add_text(KITFILE, dump(opened.kitfile))
            return _move(tree, target, existing)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file that no layer has."""

    path: str
    write: Callable[[IO[bytes]], object]
    """Gives its bytes, checked."""


class _Tree:
    """What is taken apart, beside its place. Layers share folders, never files."""

    def __init__(self, root: Path, *, folds_case: bool) -> None:
        self.root = root
        self.files: dict[str, int] = {}
        self.folders: dict[str, int] = {}
        self._folds = folds_case
        self._spelled: dict[str, str] = {}

    def add_folder(self, path: str, mode: int, layer: str) -> None:
        if path == ".":
            return
        self._claim(path, layer)
        if path in self.files:
            raise _clash(layer, f"{path} is a file and a folder")
        self._parents(path, layer)
        if path not in self.folders:
            (self.root / path).mkdir(exist_ok=True)
        self.folders[path] = mode | 0o700

    def create(self, path: str, layer: str) -> IO[bytes]:
        self._claim(path, layer)
        if path in self.files or path in self.folders:
            raise _clash(layer, f"{path} stands in it twice")
        self._parents(path, layer)
        self.files[path] = 0
        return open(os.open(self.root / path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")

    def add_text(self, path: str, text: str) -> None:
        with self.create(path, "the Kitfile") as file:
            file.write(text.encode())
        (self.root / path).chmod(0o644)
        self.files[path] = len(text.encode())

    def _parents(self, path: str, layer: str) -> None:
        parts = path.split("/")[:-1]
        for length in range(1, len(parts) + 1):
            parent = "/".join(parts[:length])
            if parent in self.files:
                raise _clash(layer, f"{parent} is a file and a folder")
            if parent not in self.folders:
                self._claim(parent, layer)
                (self.root / parent).mkdir(exist_ok=True)
                self.folders[parent] = 0o755

    def _claim(self, path: str, layer: str) -> None:
        """Two spellings that this file system takes for one would overwrite each other."""
        if not self._folds:
            return
        plain = unicodedata.normalize("NFC", path).casefold()
        if self._spelled.setdefault(plain, path) != path:
            raise _clash(layer, f"{path} and {self._spelled[plain]} are one file here")


def _take_apart(
    layout: Layout, layer: PackageLayer, tree: _Tree, on_bytes: Callable[[PackageLayer, int], None]
) -> None:
    name = name_of(layer)
    for entry in layer_entries(layout, layer):
        if entry.is_folder:
            tree.add_folder(entry.path, entry.mode, name)
            continue
        with tree.create(entry.path, name) as file:
            for piece in entry.pieces:
                file.write(piece)
                on_bytes(layer, len(piece))
        (tree.root / entry.path).chmod(entry.mode | 0o600)
        tree.files[entry.path] = entry.size


def _fetch(wanted: Fetched, tree: _Tree) -> None:
    path = clean(wanted.path)
    if path is None or path == "." or not MACHINERY.isdisjoint(path.lower().split("/")):
        raise IntegrityError(
            f"Data of the package are refused: {wanted.path!r} is no place for them.",
            kind="archive-refused",
            hint="Nothing was written.",
        )
    with tree.create(path, f"dataset {path}") as file:
        wanted.write(file)
        size = file.tell()
    (tree.root / path).chmod(0o644)
    tree.files[path] = size


def _move(tree: _Tree, target: Path, existing: Existing) -> Unpacked:
    """Looks at everything that is in the way first."""
    kept = []
    for path in (*tree.folders, *tree.files):
        place = target / path
        is_folder = path in tree.folders
        if place.is_symlink():
            raise _in_the_way(place, "a link stands there")
        if not os.path.lexists(place):
            continue
        if is_folder != place.is_dir():
            raise _in_the_way(place, "a file stands where a folder goes" if is_folder else "a folder stands there")
        if is_folder or existing == "overwrite":
            continue
        if existing == "refuse" and not filecmp.cmp(place, tree.root / path, shallow=False):
            raise _in_the_way(place, "it exists and is another")
        kept.append(path)
    for path, mode in tree.folders.items():
        place = target / path
        if not place.exists():
            place.mkdir()
            place.chmod(mode)
    left = set(kept)
    moved = [path for path in tree.files if path not in left]
    for path in moved:
        os.replace(tree.root / path, target / path)
    return Unpacked(files=tuple(moved), kept=tuple(kept), bytes=sum(tree.files[path] for path in moved))


def _folds_case(folder: Path) -> bool:
    """Whether this file system takes `a` and `A` for one."""
    probe = folder / ".nbmlops-probe"
    probe.touch()
    try:
        return (folder / ".NBMLOPS-PROBE").exists()
    finally:
        probe.unlink()


def _clash(layer: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"{layer} of the package is refused: {why}.", kind="archive-refused", hint="Nothing was written."
    )


def _in_the_way(path: Path, why: str) -> ConflictError:
    return ConflictError(
        f"{path} is in the way: {why}.",
        kind="file-exists",
        hint="Choose another folder (-d), or --overwrite or --ignore-existing.",
        path=str(path),
    )
