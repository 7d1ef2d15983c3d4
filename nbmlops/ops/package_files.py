"""Files inside of a package that lies in the layout, read without unpacking it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any

from nbmlops.errors import IntegrityError
from nbmlops.ops.origin import PROVENANCE
from nbmlops.package.layer_entries import layer_entries
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, PackageLayer
from nbmlops.package.paths import clean
from nbmlops.package.untar import Entry

_MOST_BYTES = 8 << 20


def files(layout: Layout, package: Opened) -> Iterator[tuple[str, str, IO[bytes]]]:
    """Kind of its layer, path, content; to be read before the next. Raises IntegrityError for what is damaged."""
    for layer in package.layers:
        for entry in layer_entries(layout, layer):
            if not entry.is_folder:
                yield layer.kind, entry.path, io.BufferedReader(_Content(entry), 1 << 20)


def file_in(layout: Layout, package: Opened, path: str) -> bytes | None:
    """A file that is a part of its own, such as a document; None where there is none, or one that is too long."""
    layer = _layer_at(package, path)
    if layer is None:
        return None
    data: bytes | None = None
    for entry in layer_entries(layout, layer):
        if entry.path == path and entry.size <= _MOST_BYTES:
            data = b"".join(entry.pieces)
    return data


def provenance_in(layout: Layout, package: Opened) -> dict[str, Any] | None:
    """The SLSA predicate that was packed with it; None where there is none. Raises IntegrityError for another text."""
    if provenance_layer(package) is None:
        return None
    try:
        found = json.loads(file_in(layout, package, PROVENANCE) or b"")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise IntegrityError(f"{PROVENANCE} of the package is no JSON object.", kind="provenance-malformed")
    return found


def provenance_layer(package: Opened) -> PackageLayer | None:
    """The one that says where the package comes from."""
    return _layer_at(package, PROVENANCE)


def _layer_at(package: Opened, path: str) -> PackageLayer | None:
    return next((each for each in package.layers if clean(each.entry.path) == path), None)


class _Content(io.RawIOBase):
    """An entry's pieces as a file that is read once."""

    def __init__(self, entry: Entry) -> None:
        self._pieces = entry.pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(self._pieces, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
