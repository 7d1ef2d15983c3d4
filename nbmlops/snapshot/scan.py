"""Folders and files -> entries of a tree. Unchanged files are not read again (store/statcache.py)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.lib.files import ASIDE
from nbmlops.model.snapshot import Entry
from nbmlops.store.chunks import WHOLE_BYTES
from nbmlops.store.layout import FOLDER
from nbmlops.store.statcache import Key, Seen, StatCache, key_of, put_small, read_steadily
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

_SECRETS = frozenset({".env", ".netrc", ".pypirc", ".pgpass", "id_rsa", "id_ed25519"})
"""Names of files that hold passwords and keys. Inside a folder they are left out; named themselves they are kept."""
_SECRET_ENDINGS = (".pem", ".key", ".p12")
_AT_ONCE = 256
"""Files that are looked up together, and small ones that are read before their digests are."""


class _File(msgspec.Struct, frozen=True, gc=False):
    path: str
    name: str
    """As its entry carries it."""
    mode: int
    size: int
    key: Key
    is_named: bool
    """Whether it was asked for itself: then a link stands for what it points to."""


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    entries: tuple[Entry, ...]
    """Sorted by path, each path once."""
    places: dict[str, str]
    """Where each entry's bytes are now."""
    skipped: tuple[str, ...]
    """`path: reason` of what is not a plain file, cannot be read, or is too large."""
    large: dict[str, str] = {}
    """Name and place of files that are too large: of data, snapshot/references.py keeps where they are."""


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
    places: dict[str, str] = {}
    skipped: list[str] = []
    large: dict[str, str] = {}
    unread: dict[str, _File] = {}
    for files in _gathered(_files(paths, named, skipped)):
        regular: dict[str, _File] = {}
        for file in files:
            if stat.S_ISLNK(file.mode):
                try:
                    entries[file.name] = _link(file)
                except UnicodeEncodeError:
                    skipped.append(f"{file.name}: the name that it links to is not UTF-8")
                except OSError as error:
                    skipped.append(f"{file.name}: {error.strerror}")
            elif not stat.S_ISREG(file.mode):
                skipped.append(f"{file.name}: not a regular file")
            elif not file.is_named and _is_secret(file.path.rpartition("/")[2]):
                skipped.append(f"{file.name}: it may hold a secret; name it itself to keep it")
            elif file.size > largest_bytes:
                large[file.name] = file.path
                skipped.append(f"{file.name}: {file.size:,} bytes, more than snapshot.largest_file")
            else:
                regular[file.path] = file
        known = stats.known({path: file.key for path, file in regular.items()})
        for path, file in regular.items():
            if path in known:
                entries[file.name] = _entry(file, known[path], file.size)
                places[file.name] = path
            else:
                unread[path] = file
    read = []
    for file, seen in _read(list(unread.values()), writer, skipped):
        read.append(seen)
        entries[file.name] = _entry(file, seen.digest, seen.key[0])
        places[file.name] = file.path
    stats.remember(read)
    return Scanned(
        entries=tuple(entries[name] for name in sorted(entries)),
        places=places,
        skipped=tuple(sorted(skipped)),
        large=large,
    )


def _read(files: list[_File], writer: Writer | None, skipped: list[str]) -> Iterator[tuple[_File, Seen]]:
    """Digest, and with a writer keep, files that may have changed since they were last read, if ever."""
    small = [file for file in files if file.size <= WHOLE_BYTES] if writer is not None else []
    later = [file for file in files if file.size > WHOLE_BYTES] if writer is not None else files
    for start in range(0, len(small), _AT_ONCE):
        some = small[start : start + _AT_ONCE]
        assert writer is not None
        seen = {each.path: each for each in put_small(writer, {file.path: file.key for file in some})}
        for file in some:
            if file.path in seen:
                yield file, seen[file.path]
            else:
                later.append(file)
    for file in later:
        try:
            yield file, read_steadily(file.path, digest_file if writer is None else writer.keep)
        except OSError as error:
            skipped.append(f"{file.name}: {error.strerror}")


def _gathered(folders: Iterable[list[_File]]) -> Iterator[list[_File]]:
    """Several small folders together, as long as that saves queries: what is done with is let go of."""
    waiting: list[_File] = []
    for files in folders:
        waiting += files
        if len(waiting) >= _AT_ONCE:
            yield waiting
            waiting = []
    yield waiting


def _files(paths: Iterable[Path], named: Callable[[Path], str], skipped: list[str]) -> Iterator[list[_File]]:
    for path in paths:
        if path.is_dir():
            yield from _below(str(path), _prefix(named(path)), skipped)
        elif os.path.lexists(path):
            name = named(path)
            if _can_be_told(name, skipped):
                info = path.stat() if path.exists() else path.lstat()
                yield [_File(str(path), name, info.st_mode, info.st_size, key_of(info), path.exists())]
        else:
            raise _missing(path)


def check_present(paths: Iterable[Path]) -> None:
    """Raises NotFoundError for a path that is not there, before anything is opened for writing."""
    for path in paths:
        if not os.path.lexists(path):
            raise _missing(path)


def _missing(path: Path) -> NotFoundError:
    return NotFoundError(
        f"There is no {path}.", kind="path-missing", hint="Name a file or folder that exists.", path=str(path)
    )


def _below(folder: str, prefix: str, skipped: list[str]) -> Iterator[list[_File]]:
    """Everything in a folder but folders, whose content follows. Plain strings: a tree may have a million files."""
    files = []
    folders = []
    try:
        with os.scandir(folder) as listed:
            for each in listed:
                if each.is_dir(follow_symlinks=False):
                    if each.name not in SKIPPED_FOLDERS:
                        folders.append((each.path, prefix + each.name + "/"))
                # Half a file of our own is no file: `nbmlops gc` takes it away.
                elif not each.name.startswith(ASIDE) and _can_be_told(name := prefix + each.name, skipped):
                    try:
                        info = each.stat(follow_symlinks=False)
                    except OSError as error:
                        skipped.append(f"{name}: {error.strerror}")
                    else:
                        files.append(_File(each.path, name, info.st_mode, info.st_size, key_of(info), False))
    except OSError as error:
        skipped.append(f"{_printable(prefix.rstrip('/'))}: {error.strerror}")
    yield files
    for path, inner in folders:
        yield from _below(path, inner, skipped)


def _prefix(name: str) -> str:
    return "" if name == "." else name.rstrip("/") + "/"


def _can_be_told(name: str, skipped: list[str]) -> bool:
    """Whether a document can hold the name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        skipped.append(f"{_printable(name)}: its name is not UTF-8")
        return False
    return True


def _entry(file: _File, digest: str, size: int) -> Entry:
    return Entry(path=file.name, digest=digest, size=size, executable=bool(file.mode & stat.S_IXUSR))


def _link(file: _File) -> Entry:
    target = os.readlink(file.path)
    return Entry(path=file.name, digest=digest_bytes(target.encode()), size=0, link=target)


def _is_secret(name: str) -> bool:
    return name in _SECRETS or name.startswith(".env.") or name.endswith(_SECRET_ENDINGS)


def _printable(name: str) -> str:
    return name.encode(errors="replace").decode()
