"""A batch of puts: what is new goes into packs, one sync each, and the index learns of each pack as it is done.

    with objects.writing() as writer:
        digest, size, stored = writer.put_path(path)     # read once: cut, hashed and kept in one go
        writer.put_record(document)

Leaving the block finishes the last pack; leaving it by an error throws that pack away. Packs finished before stay: they
are whole, only nobody names what is in them until a record does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from nbmlops.errors import ConflictError, NbmlopsError
from nbmlops.lib.digest import digest_bytes
from nbmlops.store.chunks import WHOLE_BYTES, Reader, cut, cut_stream
from nbmlops.store.compression import Compression
from nbmlops.store.index import Index
from nbmlops.store.pack import Entry, Kind, PackWriter
from nbmlops.store.packs import PACK_BYTES, Packs
from nbmlops.store.recipe import RecipeWriter

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

OBJECT = (Kind.CHUNK, Kind.RECIPE)
_AT_ONCE = 64
_MOST_WAITING = 8 << 20
MOST_FINISHING = 2
"""Full packs that may wait for the disk while the next one is filled."""


class Writer:
    """Not for several threads. `has_loose` tells whether an object of the first layout is kept."""

    def __init__(self, packs: Packs, index: Index, has_loose: Callable[[str], bool]) -> None:
        self._packs = packs
        self._index = index
        self._has_loose = has_loose
        self.stored = 0
        """Bytes that were new on the disk, so far."""
        self._pack: PackWriter | None = None
        self._pending = _none_of_each()
        """Put by this writer, and not yet in the index."""
        self._compressions: dict[str, Compression] = {}
        self._flushing: Future[None] | None = None
        self._finishing: list[tuple[Future[str], list[Entry]]] = []

    def has(self, digest: str) -> bool:
        return not self.missing([digest])

    def missing(self, digests: Iterable[str]) -> set[str]:
        """Those of some objects that are not kept yet."""
        digests = list(digests)
        asked = dict(zip(map(bytes.fromhex, digests), digests, strict=True))
        fresh = asked.keys() - self._pending[Kind.CHUNK] - self._pending[Kind.RECIPE]
        fresh -= self._index.known(fresh, OBJECT)
        return {asked[raw] for raw in fresh if not self._has_loose(asked[raw])}

    def put_bytes(self, data: bytes) -> tuple[str, int]:
        """Keep bytes; returns their digest and how many bytes were new on the disk."""
        digest = digest_bytes(data)
        if self.has(digest):
            return digest, 0
        recipe = RecipeWriter()
        stored = 0
        compression = Compression()
        chunks = cut(data)
        for start in range(0, len(chunks), _AT_ONCE):
            stored += self._chunks(chunks[start : start + _AT_ONCE], recipe, compression)
        return digest, stored + self._recipe(digest, recipe, len(data))

    def put_path(self, path: Path) -> tuple[str, int, int]:
        """Keep a file, read once; returns digest, size and how many bytes were new on the disk.

        The content kept is what was read: whoever needs to know that the file held still looks at its times.
        """
        with path.open("rb", buffering=0) as file:
            start = file.read(WHOLE_BYTES + 1)
            if len(start) > WHOLE_BYTES:
                file.seek(0)
                return self._put_stream(file)
        before = self.stored
        (digest,) = self.put_whole([(start, str(path))])
        return digest, len(start), self.stored - before

    def keep(self, path: Path) -> str:
        """As `put_path`; the digest alone."""
        return self.put_path(path)[0]

    def put_whole(self, contents: list[tuple[bytes, str]]) -> list[str]:
        """Keep some small contents, each with the name of its file; their digests.

        Files with one ending share what is found out about compressing them.
        """
        digests = [digest_bytes(data) for data, _ in contents]
        missing = self.missing(digests)
        for digest, (data, name) in zip(digests, contents, strict=True):
            if digest in missing:
                ending = name.rpartition("/")[2].rpartition(".")[2]
                compression = self._compressions.get(ending)
                if compression is None:
                    compression = self._compressions[ending] = Compression()
                self._add(bytes.fromhex(digest), Kind.CHUNK, compression, data)
        return digests

    def put_file(self, path: Path, digest: str) -> int:
        """Keep a file whose digest is known; returns how many bytes were new on the disk.

        Raises ConflictError when the file no longer has that digest.
        """
        if self.has(digest):
            return 0
        try:
            found, _, stored = self.put_path(path)
        except FileNotFoundError as error:
            raise file_changed(path) from error
        if found != digest:
            raise file_changed(path)
        return stored

    def put_pieces(self, pieces: Iterator[bytes], digest: str) -> bool:
        """Keep content that comes in pieces, if it is what its digest says; whether it is."""
        found, _, _ = self._put_stream(_Pieces(pieces))
        return found == digest

    def put_record(self, data: bytes) -> None:
        """Keep a snapshot's record beside what it names."""
        self._add(blake3(data).digest(), Kind.RECORD, Compression(), data)

    def commit(self) -> None:
        """Finish the pack on its way; what was put is then on the disk and known."""
        self._settle(0)
        pack, self._pack = self._pack, None
        if pack is not None:
            self._index.add(pack.finish(), pack.entries)
        self._pending = _none_of_each()

    def abandon(self) -> None:
        with contextlib.suppress(OSError, NbmlopsError):  # what went wrong first is told
            self._flushed()
        pack, self._pack = self._pack, None
        if pack is not None:
            pack.abandon()
        self._pending = _none_of_each()

    def close(self) -> None:
        """Wait for packs that are still being finished; the index finds those it was not told of."""
        for name in ("_beside", "_flusher", "_finisher"):
            if name in self.__dict__:
                getattr(self, name).shutdown()

    @cached_property
    def _beside(self) -> ThreadPoolExecutor:
        return _thread("nbmlops-hash")

    @cached_property
    def _flusher(self) -> ThreadPoolExecutor:
        return _thread("nbmlops-write")

    @cached_property
    def _finisher(self) -> ThreadPoolExecutor:
        return _thread("nbmlops-pack")

    def _flush_beside(self) -> None:
        """Let what was added be written while the next stretch is read. One flush at a time: there are two buffers."""
        self._flushed()
        if self._pack is not None:
            self._flushing = self._flusher.submit(self._pack.flush_all, self._pack.take())

    def _flushed(self) -> None:
        flushing, self._flushing = self._flushing, None
        if flushing is not None:
            flushing.result()

    def _finish_beside(self, pack: PackWriter) -> None:
        """Let a full pack be synced while the next one is filled."""
        self._flushed()
        pack.flush()  # from here on it holds on to nobody's buffer
        self._settle(MOST_FINISHING - 1)
        self._finishing.append((self._finisher.submit(pack.finish), pack.entries))

    def _settle(self, most: int) -> None:
        """Tell the index of packs that are finished, until at most so many are not."""
        while len(self._finishing) > most:
            future, entries = self._finishing.pop(0)
            self._index.add(future.result(), entries)
            for entry in entries:
                self._pending[entry.kind].discard(entry.digest)

    def _put_stream(self, file: Reader) -> tuple[str, int, int]:
        hasher = blake3()
        recipe = RecipeWriter()
        compression = Compression()
        size = stored = 0
        for stretch, chunks in cut_stream(file):
            # Beside the chunks' digests: BLAKE3 lets other threads run.
            hashed = self._beside.submit(hasher.update, stretch)
            try:
                size += len(stretch)
                stored += self._chunks(chunks, recipe, compression)
            finally:
                hashed.result()
            self._flush_beside()
        self._flushed()
        digest = str(hasher.hexdigest())
        return digest, size, stored + self._recipe(digest, recipe, size)

    def _chunks(self, chunks: list[memoryview], recipe: RecipeWriter, compression: Compression) -> int:
        digests = [blake3(chunk).digest() for chunk in chunks]
        known = self._index.known(digests, [Kind.CHUNK])
        stored = 0
        for digest, chunk in zip(digests, chunks, strict=True):
            recipe.add(digest, len(chunk))
            if digest not in known:
                stored += self._add(digest, Kind.CHUNK, compression, chunk)
        return stored

    def _recipe(self, digest: str, recipe: RecipeWriter, size: int) -> int:
        raw = bytes.fromhex(digest)
        if recipe.count < 2 or self._index.known([raw], [Kind.RECIPE]):
            return 0
        return self._add(raw, Kind.RECIPE, Compression(), recipe.encode())

    def _add(self, digest: bytes, kind: Kind, compression: Compression, data: bytes | memoryview) -> int:
        if digest in self._pending[kind]:
            return 0
        if self._pack is not None and self._pack.size >= PACK_BYTES:
            self._finish_beside(self._pack)
            self._pack = None
        if self._pack is None:
            self._pack = PackWriter(self._packs.folder)
        codec, packed = compression.pack(data)
        entry: Entry = self._pack.add(digest, kind, codec, packed, len(data))
        if self._pack.waiting_bytes >= _MOST_WAITING:
            self._flush_beside()
        self._pending[kind].add(digest)
        self.stored += entry.stored
        return entry.stored


def _none_of_each() -> dict[int, set[bytes]]:
    return {kind: set() for kind in Kind}


def _thread(name: str) -> ThreadPoolExecutor:
    """A thread for what is large: a small snapshot has none, and does not import what makes them."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, thread_name_prefix=name)


class _Pieces:
    """Pieces as something to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readinto(self, buffer: memoryview, /) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def file_changed(source: Path) -> ConflictError:
    return ConflictError(
        f"{source} changed while it was read.",
        kind="file-changed",
        hint="Take the snapshot again when nothing writes to it.",
        path=str(source),
    )
