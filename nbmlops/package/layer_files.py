"""Files of a package's layer, read without unpacking it: what each is, and some of them as files of our own.

Whatever an archive calls its files, what is written gets the names that the caller has chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from blake3 import blake3

from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.snapshot import Entry
from nbmlops.package.layer_entries import layer_entries
from nbmlops.package.layout import Layout
from nbmlops.package.opened import PackageLayer


def tree(layout: Layout, layer: PackageLayer) -> tuple[Entry, ...]:
    """Each file with its digest, sorted by path. Raises IntegrityError for a layer that is damaged or hostile."""
    found: dict[str, Entry] = {}
    for entry in layer_entries(layout, layer):
        if entry.is_folder:
            continue
        hasher = blake3()
        for piece in entry.pieces:
            hasher.update(piece)
        found[entry.path] = Entry(
            path=entry.path, digest=str(hasher.hexdigest()), size=entry.size, executable=bool(entry.mode & 0o100)
        )
    return tuple(found[path] for path in sorted(found))


def write_out(layout: Layout, layer: PackageLayer, places: Mapping[str, Path]) -> None:
    """The files of these paths, each to its place; folders are made. Raises what `tree` raises."""
    for entry in layer_entries(layout, layer):
        place = places.get(entry.path)
        if place is None or entry.is_folder:
            continue
        with refusing_disk_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                for piece in entry.pieces:
                    file.write(piece)
