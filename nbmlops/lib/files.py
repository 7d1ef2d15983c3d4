"""Writing files so that a crash leaves the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from nbmlops.errors import ExternalError
from nbmlops.lib.failpoints import failpoint

ASIDE = ".nbmlops-"
"""How the names of files that are being written begin."""


@contextlib.contextmanager
def atomic_writer(path: Path, *, durable: bool = False, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` when the block ends well, and vanishes when it does not.

    `durable` also waits until the bytes and the name are on the disk. `mode` is narrowed by the umask, as for
    any new file.
    """
    with refusing_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own length: that of `path` may be as long as the file system allows already.
        name = path.parent / f"{ASIDE}{os.urandom(8).hex()}"
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                failpoint("file-sync")
                if durable:
                    os.fsync(file.fileno())
            failpoint("file-rename")
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        if durable:
            sync_folder(path.parent)


def write_atomic(path: Path, data: bytes | str, *, durable: bool = False) -> None:
    with atomic_writer(path, durable=durable) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextlib.contextmanager
def refusing_disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk, a read-only folder or a thing in the way into one clear line that names the place."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: ("disk-full", "The disk is full", "Free some space and run it again."),
            errno.EDQUOT: ("disk-full", "The disk quota is used up", "Free some space and run it again."),
            errno.EIO: (
                "disk-failed",
                "The disk reported an error",
                "Look at the disk (dmesg) and run it again.",
            ),
            errno.EROFS: ("folder-read-only", "The file system is read-only", "Choose another folder."),
            errno.EACCES: ("folder-read-only", "There is no permission to write", "Choose another folder."),
            errno.EPERM: ("folder-read-only", "There is no permission to write", "Choose another folder."),
            errno.ENOTDIR: ("path-not-folder", "A file stands where a folder is needed", "Move it away."),
            errno.EEXIST: ("path-not-folder", "A file stands where a folder is needed", "Move it away."),
            errno.EISDIR: ("path-is-folder", "A folder stands where a file is needed", "Move it away."),
            errno.ENAMETOOLONG: (
                "path-too-long",
                "The name is too long for this file system",
                "Choose another one.",
            ),
        }
        if error.errno not in reasons:
            raise
        kind, what, hint = reasons[error.errno]
        # The name of a file that is being written aside tells nobody anything.
        is_aside = Path(os.fsdecode(error.filename or path)).name.startswith(ASIDE)
        place = path if is_aside else error.filename or path
        raise ExternalError(f"{what}: {place}.", kind=kind, hint=hint, path=str(place)) from error


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def relative_to(path: Path, root: Path) -> str:
    """`path` as seen from `root` with forward slashes; outside of `root`, the absolute path."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
