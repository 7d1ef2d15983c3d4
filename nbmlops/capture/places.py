"""Which files are the user's data: not the interpreter, packages, caches, the store, and what the settings exclude."""

from __future__ import annotations

import fnmatch
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path

_OURS = ("/.nbmlops/", "/nbmlops.toml", "/__pycache__/", "/.git/", "/.ipynb_checkpoints/")
_PACKAGES = ("/site-packages/", "/dist-packages/")
"""Wherever they lie: an environment may stand on another one, and PYTHONPATH may name any folder."""
_TOOLS = ("/node_modules/", "/.mypy_cache/", "/.ruff_cache/", "/.pytest_cache/", "/.hg/", "/.svn/", "/.Trash-")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/run/", "/var/lib/")
_CODE = (".pyc", ".so", ".pyi")
_BESIDE_DATABASE = ("-journal", "-wal", "-shm")
_MOST_REMEMBERED = 4096


class Places:
    """Decides by path alone.

    `exclude` and `include` are patterns of paths as they are shown (`scratch/*`); `include` wins, also over what is
    excluded by default.
    """

    def __init__(self, root: Path, exclude: tuple[str, ...] = (), include: tuple[str, ...] = ()) -> None:
        self.root = root
        self._exclude = _pattern(exclude)
        self._include = _pattern(include)
        # A project that lies inside such a place (/usr/src/app of an image) is the user's data all the same.
        self._home = f"{root}/"
        self._skipped = tuple(place for place in _skipped_places() if not self._home.startswith(place))
        self._folders: dict[str, bool] = {}
        self._included = include

    def shown(self, path: str) -> str:
        """As records keep it: from the project's root, or absolute; bytes that are no UTF-8 are escaped."""
        shown = path[len(self._home) :] if path.startswith(self._home) else path
        return shown if shown.isascii() else shown.encode("utf-8", "backslashreplace").decode("utf-8")

    def is_data(self, path: str, shown: str) -> bool:
        if self._include is not None and self._include(shown):
            return True
        if self._exclude is not None and self._exclude(shown):
            return False
        folder, _, name = path.rpartition("/")
        if name.endswith(_CODE) or name == "nbmlops.toml":
            return False
        if name.endswith(_BESIDE_DATABASE) and os.path.exists(path.rpartition("-")[0]):
            return False
        return not self.is_noise(folder)

    def included_folders(self) -> list[str]:
        """Where the patterns of `include` begin: inside of what is passed over otherwise."""
        folders = {re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0] for pattern in self._included}
        return sorted(str(self.root / folder) for folder in folders if folder and (self.root / folder).is_dir())

    def is_noise(self, folder: str) -> bool:
        """Whether nothing directly in this folder is data, if no pattern says otherwise."""
        known = self._folders.get(folder)
        if known is None:
            if len(self._folders) >= _MOST_REMEMBERED:
                self._folders.clear()
            place = f"{folder}/"
            # The project itself may lie in such a place: what a run has laid out is below our own folder.
            inner = place[len(self._home) - 1 :] if place.startswith(self._home) else place
            known = place.startswith(self._skipped) or any(part in inner for part in (*_OURS, *_PACKAGES, *_TOOLS))
            known = known and not (self._include is not None and self._include(f"{self.shown(folder)}/*"))
            self._folders[folder] = known
        return known


def _pattern(patterns: Iterable[str]) -> Callable[[str], object] | None:
    if not patterns:
        return None
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)).match


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
