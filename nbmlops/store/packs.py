"""The folder of packs: list them, open one, take one in that was made elsewhere.

packs = Packs(folder)
packs.names()                    # digests, sorted
packs.trailer(name)              # what it holds, checked
packs.path(name).read_bytes()    # the file, as a remote keeps it
packs.adopt(path, name)             # after every entry was checked
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from nbmlops.lib.files import ASIDE, refusing_disk_errors, sync_folder
from nbmlops.store.pack import SUFFIX, Entry, damaged_pack, read_entry, read_trailer

PACK_BYTES = 64 * 1024 * 1024
"""A pack that has grown to this is finished and the next one begun."""


class Packs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> tuple[str, ...]:
        try:
            found = os.listdir(self.folder)
        except FileNotFoundError:
            return ()
        return tuple(sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX)))

    def path(self, name: str) -> Path:
        return self.folder / (name + SUFFIX)

    def trailer(self, name: str) -> tuple[Entry, ...]:
        """Raises IntegrityError when it is damaged, FileNotFoundError when there is no such pack."""
        return read_trailer(self.path(name), name)

    def read(self, name: str, entry: Entry) -> bytes:
        """The content of one entry, checked. Raises ValueError when it is damaged, OSError when it is gone."""
        handle = os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return read_entry(handle, entry)
        finally:
            os.close(handle)

    def stored(self, name: str, entry: Entry) -> bytes:
        """The bytes of one entry as they lie in its pack, for another one. Raises IntegrityError when it is damaged."""
        handle = os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            read_entry(handle, entry)
            return os.pread(handle, entry.stored, entry.offset)
        except ValueError as error:
            raise damaged_pack(name, f"entry {entry.digest.hex()[:12]}: {error}") from error
        finally:
            os.close(handle)

    def check(self, name: str) -> Iterator[tuple[Entry, bool]]:
        """Read a whole pack: each entry, and whether it is what its digest says. Raises as `trailer` does."""
        return _check(self.path(name), name)

    def adopt(self, source: Path, name: str) -> tuple[Entry, ...]:
        """Copy a pack into the store, once every entry was checked; returns what it holds.

        Raises IntegrityError when anything in it is damaged; then nothing is kept. Tell the index: `Index.add`.
        """
        import shutil  # only `pull` needs it

        with refusing_disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = self.folder / f"{ASIDE}{os.urandom(8).hex()}"
            try:
                shutil.copyfile(source, aside)
                entries = []
                for entry, is_good in _check(aside, name):
                    if not is_good:
                        raise damaged_pack(name, f"entry {entry.digest.hex()[:12]} does not have its digest")
                    entries.append(entry)
                with aside.open("rb") as file:
                    os.fsync(file.fileno())
                os.replace(aside, self.path(name))
                sync_folder(self.folder)
            finally:
                aside.unlink(missing_ok=True)
        return tuple(entries)

    def set_aside(self, name: str) -> None:
        """Keep a pack that cannot be read for whoever wants to look at it, out of everybody's way."""
        with contextlib.suppress(OSError):
            os.replace(self.path(name), self.folder / f"{name}.damaged")

    def remove(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)


def _check(path: Path, name: str) -> Iterator[tuple[Entry, bool]]:
    with path.open("rb") as file:
        for entry in read_trailer(path, name):
            try:
                read_entry(file.fileno(), entry)
            except ValueError:
                yield entry, False
            else:
                yield entry, True
