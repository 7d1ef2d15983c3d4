"""Folders and files -> entries of a tree. Unchanged files are not read again (store/statcache.py)."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.lib.files import ASIDE
from nbmlops.model.snapshot import Entry
from nbmlops.store.layout import FOLDER
from nbmlops.store.statcache import Seen, StatCache, read_steadily
from nbmlops.store.writing import Writer

SKIPPED_FOLDERS = frozenset(
    {
        FOLDER,
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        ".ipynb_checkpoints",
        ".venv",
        "node_modules",
        ".pytest_cache",
    }
)

_SECRETS = (".env", ".env.*", ".netrc", ".pypirc", ".pgpass", "id_rsa", "id_ed25519", "*.pem", "*.key", "*.p12")
"""Names of files that hold passwords and keys. Inside a folder they are left out; named themselves they are kept."""


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    entries: tuple[Entry, ...]
    """Sorted by path, each path once."""
    places: dict[str, Path]
    """Where each entry's bytes are now."""
    skipped: tuple[str, ...]
    """`path: reason` of what is not a plain file, cannot be read, or is too large."""


def scan(
    paths: Iterable[Path],
    *,
    named: Callable[[Path], str],
    stats: StatCache,
    largest_bytes: int,
    writer: Writer | None = None,
) -> Scanned:
    """Digest every file under `paths`. `named` gives the path that an entry carries.

    With a `writer`, files that have to be read are kept in the same pass. Raises NotFoundError for a path that does
    not exist and ConflictError for a file that keeps changing.
    """
    entries: dict[str, Entry] = {}
    places: dict[str, Path] = {}
    skipped: list[str] = []
    regular: dict[Path, tuple[str, os.stat_result]] = {}

    def unreadable(error: OSError) -> None:
        skipped.append(f"{_printable(named(Path(error.filename)))}: {error.strerror}")

    for path, is_named in _files(paths, unreadable):
        name = named(path)
        try:
            name.encode()
            info = path.stat() if is_named else path.lstat()
            if stat.S_ISLNK(info.st_mode):
                entries[name] = _link(path, name)
            elif reason := _refused(path, is_named, info, largest_bytes):
                skipped.append(f"{name}: {reason}")
            else:
                regular[path] = (name, info)
        except UnicodeEncodeError:
            skipped.append(f"{_printable(name)}: its name is not UTF-8")
        except OSError as error:
            skipped.append(f"{name}: {error.strerror}")
    known = stats.known((path, info) for path, (_, info) in regular.items())
    read: list[Seen] = []
    for path, (name, info) in regular.items():
        digest, size = known.get(path), info.st_size
        if digest is None:
            try:
                digest, size, seen = _read(path, writer)
            except OSError as error:
                skipped.append(f"{name}: {error.strerror}")
                continue
            read.append(seen)
        entries[name] = Entry(path=name, digest=digest, size=size, executable=bool(info.st_mode & stat.S_IXUSR))
        places[name] = path
    stats.remember(read)
    return Scanned(
        entries=tuple(entries[name] for name in sorted(entries)),
        places=places,
        skipped=tuple(sorted(skipped)),
    )


def _read(path: Path, writer: Writer | None) -> tuple[str, int, Seen]:
    """Digest and size of a file that may have changed since it was last read, if ever."""
    if writer is None:
        digest, seen = read_steadily(path, digest_file, str)
        return digest, seen.key[0], seen
    (digest, size, _), seen = read_steadily(path, writer.put_path, lambda kept: kept[0])
    return digest, size, seen


def _files(paths: Iterable[Path], unreadable: Callable[[OSError], None]) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether it was named itself (then a link stands for what it points to)."""
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=unreadable):
                folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
                linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
                for name in sorted([*names, *linked]):
                    if name.startswith(ASIDE):
                        continue  # half a file of our own; `nbmlops gc` takes it away
                    yield Path(folder, name), False
        elif os.path.lexists(path):
            yield path, path.exists()
        else:
            raise NotFoundError(
                f"There is no {path}.",
                kind="path-missing",
                hint="Name a file or folder that exists.",
                path=str(path),
            )


def _link(path: Path, name: str) -> Entry:
    target = os.readlink(path)
    return Entry(path=name, digest=digest_bytes(target.encode()), size=0, link=target)


def _refused(path: Path, is_named: bool, info: os.stat_result, largest_bytes: int) -> str:
    """Why a file is not kept; empty when it is."""
    if not stat.S_ISREG(info.st_mode):
        return "not a regular file"
    if not is_named and any(fnmatch.fnmatchcase(path.name, pattern) for pattern in _SECRETS):
        return "it may hold a secret; name it itself to keep it"
    if info.st_size > largest_bytes:
        return f"{info.st_size:,} bytes, more than snapshot.largest_file"
    return ""


def _printable(name: str) -> str:
    return name.encode(errors="replace").decode()
