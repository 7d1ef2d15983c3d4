"""Which files a cell opens, seen through Python's audit events.

An audit hook cannot be taken out again, so there is one for the process, and it asks a flag first: with
tracking off an event costs one comparison. It does no I/O and never raises into the user's call.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from nbmlops.lib.files import relative_to
from nbmlops.model.cell import FileUse

_WRITING = os.O_WRONLY | os.O_RDWR
_READ, _WRITTEN, _STALE = 1, 2, 4
_OURS = ("/.nbmlops/", "/nbmlops.toml", "/__pycache__/", "/.git/", "/.ipynb_checkpoints/")
_PACKAGES = ("/site-packages/", "/dist-packages/")
"""Wherever they lie: an environment may stand on another one, and PYTHONPATH may name any folder."""
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/run/", "/var/lib/")


class FileWatch:
    """Collects opened paths between `begin` and `end`. One at a time per process is active."""

    def __init__(self, root: Path, exclude: tuple[str, ...] = ()) -> None:
        self.root = root
        self.exclude = exclude
        self._opened: dict[str, int] = {}
        # A project that lies inside such a place (/usr/src/app of an image) is the user's data all the same.
        home = f"{root}/"
        self._skipped = tuple(place for place in _skipped_places() if not home.startswith(place))

    def begin(self) -> None:
        global _active
        self._opened = {}
        _install_once()
        _active = self._opened

    def end(self) -> tuple[tuple[FileUse, ...], tuple[FileUse, ...]]:
        """Files read and files written since `begin`, those that still exist with their size and time."""
        global _active
        _active = None
        reads: list[FileUse] = []
        writes: list[FileUse] = []
        # Copied, because another thread may be in the middle of an `open`.
        for path, use in list(self._opened.items()):
            if self._is_noise(path) or (path.endswith(".py") and path in _module_files()):
                continue
            try:
                info = os.stat(path)
            except (OSError, ValueError):  # gone, or no path at all
                continue
            if not os.path.isfile(path):
                continue
            shown = relative_to(Path(path), self.root).encode("utf-8", "backslashreplace").decode("utf-8")
            if any(fnmatch.fnmatchcase(shown, pattern) for pattern in self.exclude):
                continue
            now = FileUse(path=shown, size=info.st_size, modified_ns=info.st_mtime_ns)
            if use & _WRITTEN:
                writes.append(now)
            if use & _READ:
                # What was read is gone when it was written afterwards: then only the path is known.
                reads.append(FileUse(path=shown) if use & _STALE else now)
        return tuple(reads), tuple(writes)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What nbmlops itself reads in a cell (`%mlops export`, `%mlops snapshot`) is no input of the cell."""
        global _active
        before, _active = _active, None
        try:
            yield
        finally:
            _active = before

    def _is_noise(self, path: str) -> bool:
        return (
            path.startswith(self._skipped)
            or any(part in path for part in (*_OURS, *_PACKAGES))
            or path.endswith((".pyc", ".so", ".pyi"))
        )


_active: dict[str, int] | None = None
_is_installed = False


def _install_once() -> None:
    global _is_installed
    if not _is_installed:
        sys.addaudithook(_hook)
        _is_installed = True


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    opened = _active  # looked at once: a cell may end in another thread meanwhile
    if opened is None or event != "open" or len(arguments) != 3:
        return
    path, mode, flags = arguments
    if not isinstance(path, (str, bytes, os.PathLike)):  # a file descriptor: it was opened by name before
        return
    try:
        path = os.path.abspath(os.fsdecode(path))  # now: the cell may change its folder
    except (
        OSError,
        ValueError,
        TypeError,
    ):  # the current folder is gone, or it is no path: `open` will say so
        return
    before = opened.get(path, 0)
    if not isinstance(flags, int):
        is_written, is_read = any(char in str(mode) for char in "wax+"), "r" in str(mode)
    else:
        is_written = bool(flags & _WRITING)
        is_read = not is_written or (flags & (os.O_RDWR | os.O_TRUNC | os.O_EXCL)) == os.O_RDWR
    # A file read after it was written is an input as it is now; one written after it was read is not any more.
    if is_written and before & _READ:
        opened[path] = before | _WRITTEN | _STALE
    else:
        opened[path] = before | (_READ if is_read else 0) | (_WRITTEN if is_written else 0)


def _module_files() -> set[object]:
    """Files that were read because they were imported: code, not data."""
    return {getattr(module, "__file__", None) for module in list(sys.modules.values())}


def _skipped_places() -> tuple[str, ...]:
    """Interpreter, packages, caches: nothing of the user's data lives there."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    home = Path.home()
    places |= {str(home / name) for name in (".cache", ".config", ".local", ".ipython", ".jupyter", ".matplotlib")}
    for variable in (
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "IPYTHONDIR",
        "MPLCONFIGDIR",
        "JUPYTER_RUNTIME_DIR",
    ):
        if os.environ.get(variable):
            places.add(os.environ[variable])
    return (*(place.rstrip("/") + "/" for place in sorted(places)), *_SYSTEM)
