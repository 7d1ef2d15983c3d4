"""Layers that need not be written again: the files are as they were, and the blob is still here.

A note of a few bytes for each layer, named after the state of its files as the file system tells it. A file that was
written so shortly before that its time could stay the same on another write is not trusted, as in git's index.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.files import write_atomic
from nbmlops.model.oci import Descriptor
from nbmlops.package.contents import Item
from nbmlops.package.layer import Layer
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import Compression

_VERSION = 1
TICK_NS = 100_000_000
"""No file system that counts here has coarser times."""


class KnownLayers:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._folder = layout.root / "cache" / "nbmlops" / "layers"

    def key(self, folder: str, items: Sequence[Item], compression: Compression, keeps_modes: bool) -> str:
        return digest_bytes(msgspec.json.encode([_VERSION, folder, compression, keeps_modes, items]))

    def find(self, key: str) -> Layer | None:
        try:
            found = msgspec.json.decode((self._folder / key).read_bytes(), type=Layer)
        except (OSError, msgspec.MsgspecError):
            return None
        return found if self._layout.has(Descriptor(media_type="", digest=found.digest, size=found.size)) else None

    def note(self, key: str, items: Sequence[Item], layer: Layer, began_ns: int) -> None:
        """`began_ns`: of the wall clock, before the files were looked at."""
        newest = max((max(item.state[3], item.state[4]) for item in items), default=0)
        if newest < began_ns - TICK_NS:
            self.keep(key, layer)

    def keep(self, key: str, layer: Layer) -> None:
        """Under a key that says all there is to know of the content."""
        write_atomic(self._folder / key, msgspec.json.encode(layer))


def now_ns() -> int:
    return time.time_ns()
