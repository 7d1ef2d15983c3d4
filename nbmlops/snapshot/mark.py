"""What is still needed: everything that can be reached from some digests, and who alone holds how much of it.

Documents name what they need by 64 hexadecimal characters: whatever of these is in the store is marked, so a new kind
of document needs nothing here. Files that a snapshot lists are marked without being looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Kind
from nbmlops.store.recipe import parts
from nbmlops.store.writing import OBJECT

_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SNAPSHOT = b'"kind":"snapshot"'
"""Cannot stand inside a string of a JSON document: there the quotes are escaped."""
SHARED = ""
"""The holder of what several need, or something that is not a run."""


def digests_in(data: bytes) -> set[str]:
    return {found.decode() for found in _DIGEST.findall(data)}


class Marks:
    """Marked entries of packs (chunks and recipes) and loose objects, each with its holder."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.holders: dict[bytes, str] = {}

    def add(self, digest: str, holder: str = SHARED) -> None:
        """Mark what one digest leads to, on behalf of a holder. What two hold is shared."""
        for raw in self._reach(digest):
            if self.holders.setdefault(raw, holder) != holder:
                self.holders[raw] = SHARED

    def add_loosely(self, digest: str) -> None:
        """Mark what one digest leads to; what a run holds stays with that run."""
        for raw in self._reach(digest):
            self.holders.setdefault(raw, SHARED)

    def is_live(self, digest: bytes) -> bool:
        return digest in self.holders

    def _reach(self, start: str) -> Iterator[bytes]:
        seen = set()
        waiting = [start]
        while waiting:
            digest = waiting.pop()
            if digest in seen or not self._objects.has(digest):
                continue
            seen.add(digest)
            data = self._document(digest)
            if data is None:
                continue
            named = self._kept(digests_in(data))
            if _SNAPSHOT in data:
                seen |= named
            else:
                waiting += named - seen
        raws = [bytes.fromhex(digest) for digest in seen]
        yield from raws
        for place in (places[0] for places in self._objects.index.locate_many(raws, [Kind.RECIPE]).values()):
            yield from (chunk for chunk, _ in parts(self._objects.packs.read(place.pack, place.entry)))

    def _kept(self, digests: Iterable[str]) -> set[str]:
        digests = set(digests)
        return digests - self._objects.missing(digests)

    def _document(self, digest: str) -> bytes | None:
        """The content where it may be a JSON document. Only the first piece of anything else is read."""
        try:
            pieces = self._objects.pieces(digest)
            start = next(pieces, b"")
            return start + b"".join(pieces) if start.startswith(b"{") else None
        except (IntegrityError, NotFoundError):
            return None


def stored_bytes(objects: Objects, digests: Iterable[bytes]) -> dict[bytes, int]:
    """What marked entries take on the disk."""
    found = {}
    for digest, places in objects.index.locate_many(digests, OBJECT).items():
        found[digest] = places[0].entry.stored
    return found
