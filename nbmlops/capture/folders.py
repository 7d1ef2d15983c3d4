"""The folders that are watched: found from the roots downwards, each given to the first notifier that takes it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.inotify import Inotify
from nbmlops.capture.notices import Notifier

_REFUSED_HERE = (errno.ENODEV, errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSPC)
"""The file system does not take part, or there are too many: another notifier may do it."""

Makers = Sequence[Callable[[], Notifier]]
MAKERS: Makers = (Fanotify, Inotify)


class WatchedFolders:
    """Not safe for threads: whoever shares it holds a lock."""

    def __init__(self, roots: Iterable[str], *, is_noise: Callable[[str], bool], most: int) -> None:
        self.roots = tuple(roots)
        self.notifiers: list[Notifier] = []
        self.is_whole = True
        """Whether every folder of the roots was taken."""
        self.problems: dict[str, None] = {}
        """What lowers the level, in plain words and in order."""
        self.used: set[str] = set()
        """Names of the notifiers that watch at least one folder."""
        self._is_noise = is_noise
        self._most = most
        self._makers: list[Callable[[], Notifier]] = list(MAKERS)
        self._by: dict[str, str] = {}
        self._inodes: set[tuple[int, int]] = set()
        self._todo: deque[tuple[str, bool]] = deque((root, False) for root in self.roots)
        """Folders to come; true where one has appeared after we began, so that what we knew of its path is void."""

    def __len__(self) -> int:
        return len(self._by)

    @property
    def is_done(self) -> bool:
        return not self._todo

    def watched_by(self, folder: str) -> str:
        """`fanotify`, `inotify`, or nothing."""
        return self._by.get(folder, "")

    def add(self, folder: str) -> None:
        """One further folder, outside of the roots."""
        with contextlib.suppress(OSError):
            if len(self._by) < self._most and folder not in self._by and (by := self._take(folder)):
                self._by[folder] = by

    def go_on(self, most: int) -> list[str]:
        """Take the next folders of the list, and put their subfolders at its end. Returns those taken."""
        taken: list[str] = []
        for _ in range(most):
            if not self._todo:
                break
            folder, is_new = self._todo.popleft()
            if self._is_noise(folder):
                continue
            if len(self._by) >= self._most:
                self._lowered_by(f"there are more than {self._most} folders (capture.largest_watch)")
                self._todo.clear()
                break
            if self._visit(folder, is_new):
                taken.append(folder)
        return taken

    def appeared(self, folder: str, most: int) -> list[str]:
        """A folder was made or moved here: it comes first. Returns what was taken of it at once."""
        waiting, self._todo = self._todo, deque([(folder, True)])
        taken = self.go_on(most)
        self._todo.extend(waiting)
        return taken

    def close(self) -> None:
        notifiers, self.notifiers = self.notifiers, []
        for notifier in notifiers:
            notifier.close()
        self._by.clear()
        self._inodes.clear()
        self._todo.clear()

    def _visit(self, folder: str, is_new: bool) -> bool:
        try:
            info = os.stat(folder)
            is_link = os.path.islink(folder)
            # A link to what is watched already, or a circle. (The number of a deleted folder is given again.)
            if (is_link or not is_new) and (info.st_dev, info.st_ino) in self._inodes:
                return False
            if is_link and self.roots[0].startswith(os.path.realpath(folder).rstrip("/") + "/"):
                return False  # a link upwards would take in the user's whole home
            by = self._take(folder)
            if not by:
                return False
            self._inodes.add((info.st_dev, info.st_ino))
            self._by[folder] = by
            with os.scandir(folder) as entries:
                self._todo.extend((entry.path, is_new) for entry in entries if entry.is_dir())
        except FileNotFoundError:  # gone meanwhile
            if folder in self.roots:
                self._lowered_by(f"{folder} does not exist (capture.roots)")
            return False
        except OSError as error:  # below a root: what we may not read, the user's code may not read either
            if folder in self.roots:
                self._lowered_by(f"{folder} cannot be watched: {error.strerror or error}")
            return False
        return True

    def _take(self, folder: str) -> str:
        """Who watches it: the first that can. Another one is made only when it is needed."""
        last: OSError | None = None
        for notifier in self._candidates():
            try:
                notifier.add(folder)
            except OSError as error:
                if error.errno not in _REFUSED_HERE:
                    raise
                last = error
            else:
                self.used.add(notifier.name)
                return notifier.name
        if last is not None and last.errno == errno.ENOSPC:
            self._lowered_by("the system allows no more watches (sysctl fs.fanotify, fs.inotify)")
            self._todo.clear()
        elif last is not None:
            self._lowered_by(f"{folder} cannot be watched: {last.strerror}")
        return ""

    def _candidates(self) -> Iterator[Notifier]:
        yield from self.notifiers
        while self._makers:
            make = self._makers.pop(0)
            try:
                made = make()
            except OSError as error:
                self.problems[f"{make.__name__.lower()} is not to be had: {error.strerror or error}"] = None
                continue
            self.notifiers.append(made)
            yield made

    def _lowered_by(self, problem: str) -> None:
        self.is_whole = False
        self.problems[problem] = None
