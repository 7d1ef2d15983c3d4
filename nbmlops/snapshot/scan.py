"""Folders and files -> entries of a tree. Unchanged files are not read again (store/statcache.py)."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from nbmlops.errors import ConflictError, NotFoundError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import Entry
from nbmlops.store.layout import FOLDER
from nbmlops.store.statcache import StatCache

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


def scan(paths: Iterable[Path], *, named: Callable[[Path], str], stats: StatCache, largest_bytes: int) -> Scanned:
    """Digest every file under `paths`. `named` gives the path that an entry carries.

    Raises NotFoundError for a path that does not exist and ConflictError for a file that keeps changing.
    """
    entries: dict[str, Entry] = {}
    places: dict[str, Path] = {}
    skipped: list[str] = []

    def unreadable(error: OSError) -> None:
        skipped.append(f"{_printable(named(Path(error.filename)))}: {error.strerror}")

    for path, is_named in _files(paths, unreadable):
        name = named(path)
        try:
            name.encode()
            entry = _entry(path, name, is_named, stats, largest_bytes)
        except UnicodeEncodeError:
            skipped.append(f"{_printable(name)}: its name is not UTF-8")
            continue
        except ConflictError:
            raise
        except OSError as error:
            skipped.append(f"{name}: {error.strerror}")
            continue
        if isinstance(entry, str):
            skipped.append(f"{name}: {entry}")
        else:
            entries[name] = entry
            places[name] = path
    return Scanned(
        entries=tuple(entries[name] for name in sorted(entries)),
        places=places,
        skipped=tuple(sorted(skipped)),
    )


def _files(paths: Iterable[Path], unreadable: Callable[[OSError], None]) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether it was named itself (then a link stands for what it points to)."""
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=unreadable):
                folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
                linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
                for name in sorted([*names, *linked]):
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


def _entry(path: Path, name: str, is_named: bool, stats: StatCache, largest_bytes: int) -> Entry | str:
    """The entry of one file, or why it has none."""
    info = path.stat() if is_named else path.lstat()
    if stat.S_ISLNK(info.st_mode):
        target = os.readlink(path)
        return Entry(path=name, digest=digest_bytes(target.encode()), size=0, link=target)
    if not stat.S_ISREG(info.st_mode):
        return "not a regular file"
    if not is_named and any(fnmatch.fnmatchcase(path.name, pattern) for pattern in _SECRETS):
        return "it may hold a secret; name it itself to keep it"
    if info.st_size > largest_bytes:
        return f"{info.st_size:,} bytes, more than snapshot.largest_file"
    digest = stats.digest(path)
    size = path.stat().st_size  # it may have changed before it was read
    return Entry(path=name, digest=digest, size=size, executable=bool(info.st_mode & stat.S_IXUSR))


def _printable(name: str) -> str:
    return name.encode(errors="replace").decode()
