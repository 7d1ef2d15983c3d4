"""Which files a cell opens, seen through Python's audit events.

An audit hook cannot be taken out again, so there is one for the process, and it asks a flag first: with tracking
off an event costs one comparison. It does no I/O and never raises into the user's call.
"""

from __future__ import annotations

import fnmatch
import os
import sys
import sysconfig
from pathlib import Path

from nbmlops.lib.files import relative_to
from nbmlops.model.cell import FileUse

_WRITING = os.O_WRONLY | os.O_RDWR
_OURS = ("/.nbmlops/", "/nbmlops.toml", "/__pycache__/", "/.git/", "/.ipynb_checkpoints/")
_PACKAGES = ("/site-packages/", "/dist-packages/")
"""Wherever they lie: an environment may stand on another one, and PYTHONPATH may name any folder."""
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/run/", "/var/lib/")


class FileWatch:
    """Collects opened paths between `begin` and `end`. One at a time per process is active."""

    def __init__(self, root: Path, exclude: tuple[str, ...] = ()) -> None:
        self.root = root
        self.exclude = exclude
        self._opened: dict[str, bool] = {}
        self._skipped = _skipped_places()

    def begin(self) -> None:
        global _active
        self._opened = {}
        _install_once()
        _active = self._opened

    def end(self) -> tuple[tuple[FileUse, ...], tuple[FileUse, ...]]:
        """Files read and files written since `begin`, those that still exist with their size and time."""
        global _active
        _active = None
        reads, writes = [], []
        for name, is_written in self._opened.items():
            path = os.path.abspath(name)
            if self._is_noise(path) or (path.endswith(".py") and path in _module_files()):
                continue
            try:
                info = os.stat(path)
            except OSError:
                continue
            if not os.path.isfile(path):
                continue
            shown = relative_to(Path(path), self.root)
            if any(fnmatch.fnmatchcase(shown, pattern) for pattern in self.exclude):
                continue
            use = FileUse(path=shown, size=info.st_size, modified_ns=info.st_mtime_ns)
            (writes if is_written else reads).append(use)
        return tuple(reads), tuple(writes)

    def _is_noise(self, path: str) -> bool:
        return (
            path.startswith(self._skipped)
            or any(part in path for part in (*_OURS, *_PACKAGES))
            or path.endswith((".pyc", ".so", ".pyi"))
        )


_active: dict[str, bool] | None = None
_is_installed = False


def _install_once() -> None:
    global _is_installed
    if not _is_installed:
        sys.addaudithook(_hook)
        _is_installed = True


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _active is None or event != "open":
        return
    path, mode, flags = arguments
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str):  # a file descriptor: it was opened by name before
        return
    is_written = bool(flags & _WRITING) if isinstance(flags, int) else any(c in str(mode) for c in "wax+")
    # The first use decides: what is read first is an input even if it is written later.
    _active.setdefault(path, is_written)


def _module_files() -> set[object]:
    """Files that were read because they were imported: code, not data."""
    return {getattr(module, "__file__", None) for module in list(sys.modules.values())}


def _skipped_places() -> tuple[str, ...]:
    """Interpreter, packages, caches: nothing of the user's data lives there."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    home = Path.home()
    places |= {str(home / name) for name in (".cache", ".config", ".local", ".ipython", ".jupyter", ".matplotlib")}
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR"):
        if os.environ.get(variable):
            places.add(os.environ[variable])
    return (*(place.rstrip("/") + "/" for place in sorted(places)), *_SYSTEM)
