"""Bytes by the BLAKE3 of their whole content, whichever way they lie on the disk.

    with objects.writing() as writer: ...       # many puts, few packs; what a snapshot uses
    objects.put_bytes(data), objects.put_file(path, digest), objects.read(digest), objects.restore(digest, target)

An object is one chunk, or a recipe of chunks, in a pack (store/pack.py); objects of the first layout (store/loose.py)
stay readable. Reading checks every digest: a damaged object is named, never returned, and keeping the same content
again heals it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from blake3 import blake3

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.digest import short
from nbmlops.lib.files import atomic_writer
from nbmlops.store.database import Database
from nbmlops.store.index import SCHEMA, Index, Location
from nbmlops.store.lock import StoreLock
from nbmlops.store.loose import Loose
from nbmlops.store.pack import Kind
from nbmlops.store.packs import Packs
from nbmlops.store.recipe import parts
from nbmlops.store.writing import OBJECT, Writer

_AT_ONCE = 256
"""Chunks whose places are looked up together."""


class Objects:
    def __init__(self, folder: Path, index: Index | None = None) -> None:
        self.folder = folder
        self.loose = Loose(folder)
        self.packs = Packs(folder / "packs")
        self.index = index or Index(Database(folder.parent / "index.db", SCHEMA), self.packs)
        self.lock = StoreLock(folder / "lock")
        self._local = threading.local()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """Keep many things together; gc waits until the block is left. A block inside a block is the same batch."""
        current: Writer | None = getattr(self._local, "writer", None)
        if current is not None:
            yield current
            return
        is_alone = getattr(self._local, "is_alone", False)
        with contextlib.nullcontext() if is_alone else self.lock.shared():
            writer = self._local.writer = Writer(self.packs, self.index, self.loose.has)
            try:
                yield writer
                writer.commit()
            except BaseException:
                writer.abandon()
                raise
            finally:
                self._local.writer = None
                writer.close()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody writes, and keep everybody else from it: for who takes away."""
        with self.lock.exclusive():
            self._local.is_alone = True
            try:
                yield
            finally:
                self._local.is_alone = False

    def has(self, digest: str) -> bool:
        return not self.missing([digest])

    def missing(self, digests: Iterable[str]) -> set[str]:
        """Those of some objects that are not kept, or known to be damaged."""
        asked = {bytes.fromhex(digest): digest for digest in digests}
        fresh = asked.keys() - self.index.known(asked, OBJECT)
        return {asked[raw] for raw in fresh if not self.loose.has(asked[raw])}

    def put_bytes(self, data: bytes) -> tuple[str, int]:
        """Keep bytes; returns their digest and how many bytes were new on the disk."""
        is_alone = getattr(self._local, "writer", None) is None
        with self.writing() as writer:
            digest, stored = writer.put_bytes(data)
            if is_alone and not stored:
                # What names it comes later: until then it must not look like garbage.
                self.index.want(bytes.fromhex(digest))
        return digest, stored

    def put_file(self, source: Path, digest: str) -> int:
        """Keep a file whose digest is known; returns how many bytes were new on the disk.

        Raises ConflictError when the file no longer has that digest.
        """
        with self.writing() as writer:
            return writer.put_file(source, digest)

    def read(self, digest: str) -> bytes:
        """The whole content, checked."""
        return b"".join(self.pieces(digest))

    def pieces(self, digest: str) -> Iterator[bytes]:
        """The content in pieces of at most 1 MiB; the digest is checked when the last one is given.

        Raises NotFoundError when there is no such object, IntegrityError when it is damaged.
        """
        source = self._packed(digest)
        if source is None:
            source = self._loose(digest)
        yield from source

    def restore(self, digest: str, target: Path, *, executable: bool = False) -> None:
        """Write an object to `target`; the name appears only after the content was checked."""
        with atomic_writer(target, mode=0o777 if executable else 0o666) as file:
            for piece in self.pieces(digest):
                file.write(piece)

    @property
    def disk_bytes(self) -> int:
        """What the store takes on the disk, all that it keeps."""
        paths = [self.packs.path(name) for name in self.packs.names()]
        paths += [self.loose.path(digest) for digest in self.loose.digests()]
        total = 0
        for path in paths:
            with contextlib.suppress(FileNotFoundError):  # gc has just taken it away
                total += path.stat().st_size
        return total

    def _packed(self, digest: str) -> Iterator[bytes] | None:
        """The pieces of an object in packs; None where packs do not have it."""
        raw = bytes.fromhex(digest)
        content = self._content(self._places([raw], OBJECT).get(raw, []))
        if content is None:
            if self.index.is_damaged(raw) and not self.loose.has(digest):
                raise damaged(digest)
            return None
        kind, data = content
        return iter([data]) if kind == Kind.CHUNK else self._assembled(digest, data)

    def _assembled(self, digest: str, recipe: bytes) -> Iterator[bytes]:
        hasher = blake3()
        rest = parts(recipe)
        while some := list(islice(rest, _AT_ONCE)):
            places = self._places([chunk for chunk, _ in some], [Kind.CHUNK])
            for chunk, _ in some:
                content = self._content(places.get(chunk, []))
                if content is None:
                    self._flag_object(digest)
                    raise damaged(digest)
                hasher.update(content[1])
                yield content[1]
        if hasher.hexdigest() != digest:
            self._flag_object(digest)
            raise damaged(digest)

    def _places(self, digests: list[bytes], kinds: tuple[Kind, ...] | list[Kind]) -> dict[bytes, list[Location]]:
        """Where entries lie; another process may have written some, or moved them, since we last looked."""
        found = self.index.locate_many(digests, kinds)
        if any(digest not in found for digest in digests) and self.index.sync():
            found = self.index.locate_many(digests, kinds)
        return found

    def _content(self, places: list[Location]) -> tuple[int, bytes] | None:
        """Kind and bytes from the first place that is good; places that are not are remembered as damaged."""
        bad = []
        try:
            for pack, entry in places:
                try:
                    return entry.kind, self.packs.read(pack, entry)
                except FileNotFoundError:
                    # gc has moved it to another pack.
                    self.index.sync()
                    moved = [place for place in self.index.locate(entry.digest, OBJECT) if place.pack != pack]
                    return self._content(moved) if moved else None
                except (ValueError, OSError):
                    bad.append((pack, entry.digest, entry.kind))
        finally:
            if bad:
                self.index.flag(bad)
        return None

    def _flag_object(self, digest: str) -> None:
        raw = bytes.fromhex(digest)
        self.index.flag([(place.pack, raw, Kind.RECIPE) for place in self.index.locate(raw, [Kind.RECIPE])])

    def _loose(self, digest: str) -> Iterator[bytes]:
        hasher = blake3()
        try:
            for piece in self.loose.pieces(digest):
                hasher.update(piece)
                yield piece
        except FileNotFoundError:
            if self.loose.was_damaged(digest):
                raise damaged(digest) from None
            raise NotFoundError(
                f"The store has no object {short(digest)}.", kind="object-missing", digest=digest
            ) from None
        except ValueError as error:
            self.loose.set_aside(digest)
            raise damaged(digest) from error
        if hasher.hexdigest() != digest:
            self.loose.set_aside(digest)
            raise damaged(digest)


def damaged(digest: str) -> IntegrityError:
    return IntegrityError(
        f"Object {short(digest)} is damaged: its bytes do not have their digest.",
        kind="object-damaged",
        hint="Take the snapshot again from the original files to heal it.",
        digest=digest,
    )
