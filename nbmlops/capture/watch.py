"""Notices of all folders that hold the user's data, from the best source that this machine has.

    watch = Watch([project.root], is_noise=places.is_noise, most_folders=20_000)
    watch.start()                   # returns at once; a thread goes through large trees
    watch.discard()                 # a cell begins
    for path, bits, pid in watch.collect(): ...
    watch.level()                   # how complete that was, and why

The kernel queues notices while a cell runs and nothing is read before its end, except by the thread when the
queue grows long.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.inotify import Inotify
from nbmlops.capture.notices import CREATED, FOLDER, MOVED_HERE, Notice, Notifier
from nbmlops.model.cell import Completeness

FOLDERS_AT_ONCE = 64
"""So many are watched before `start` returns: the whole of an ordinary project."""
_FULL_BYTES = 1 << 18
_PAUSE_SECONDS = 0.05
_REFUSED_HERE = (errno.ENODEV, errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL)
"""The file system does not take part; others may."""

Makers = Sequence[Callable[[], Notifier]]
MAKERS: Makers = (Fanotify, Inotify)


class Watch:
    def __init__(self, roots: Iterable[str], *, is_noise: Callable[[str], bool], most_folders: int,
                 makers: Makers | None = None) -> None:  # fmt: skip
        self._roots = tuple(roots)
        self._is_noise = is_noise
        self._most_folders = most_folders
        self._notifiers: list[Notifier] = []
        self._makers: list[Callable[[], Notifier]] = list(MAKERS if makers is None else makers)
        self._folders: dict[str, str] = {}
        """Watched folders, and who watches each."""
        self._inodes: set[tuple[int, int]] = set()
        self._todo: deque[tuple[str, bool]] = deque()
        """Folders to come; true where one has appeared after we began, so that what we knew of its path is void."""
        self._pending: list[Notice] = []
        self._lock = threading.RLock()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._is_lossy = False
        self._is_whole = True
        """Whether every folder of the roots was taken."""
        self._used: set[str] = set()
        self._problems: dict[str, None] = {}

    def start(self) -> None:
        with self._lock:
            self._todo.extend((root, False) for root in self._roots)
            self._mark(FOLDERS_AT_ONCE)
            if self._notifiers:
                _living.add(self)
                self._thread = threading.Thread(target=self._run, name="nbmlops-watch", daemon=True)
                self._thread.start()
                if self._todo:
                    self._work.set()

    @property
    def name(self) -> str:
        """The source of notices of the first root; empty where there is none."""
        return self._folders.get(self._roots[0], "") if self._roots else ""

    @property
    def folders(self) -> int:
        return len(self._folders)

    def add(self, folder: str) -> None:
        """Watch one further folder, outside of the roots."""
        with self._lock, contextlib.suppress(OSError):
            if len(self._folders) < self._most_folders and folder not in self._folders:
                self._folders[folder] = self._take(folder)

    def settle(self, patience_seconds: float) -> bool:
        """Wait until all folders are gone through; false when that takes longer."""
        deadline = time.monotonic() + patience_seconds
        while self._todo and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self._todo

    def watched_by(self, folder: str) -> str:
        """`fanotify`, `inotify`, or nothing."""
        return self._folders.get(folder, "")

    def discard(self) -> None:
        """What has happened so far does not count; from here on the thread keeps the queue short."""
        with self._lock:
            self._read()
            self._pending.clear()
            self._is_lossy = False
        self._work.set()

    def collect(self) -> list[Notice]:
        """Notices since the last `discard` or `collect`, in order."""
        with self._lock:
            self._read()
            notices, self._pending = self._pending, []
        return notices

    def resume(self, notices: list[Notice]) -> None:
        """After a pause: what came in it does not count, what came before it does."""
        with self._lock:
            self._read()
            self._pending = notices

    def rest(self) -> None:
        """No cell is running: nobody needs to look at the queue."""
        if not self._todo:
            self._work.clear()

    def level(self) -> tuple[Completeness, tuple[str, ...]]:
        """How much of what happens in the roots is noticed, and what lowers it."""
        reasons = list(self._problems)
        if self._is_lossy:
            reasons.append("more happened at once than the system's queue holds")
        if self._todo and self._notifiers:
            reasons.append("the folders were still being gone through")
        if not self._folders or self._todo or self._is_lossy or not self._is_whole:
            return Completeness.PARTIAL, tuple(reasons)
        if Inotify.name in self._used:
            return Completeness.WATCHED, (*reasons, "inotify does not say which process read a file")
        return Completeness.FULL, ()

    def close(self) -> None:
        """Let go of threads and file descriptors. Idempotent."""
        self._is_closed = True
        self._work.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        with self._lock:
            _living.discard(self)
            notifiers, self._notifiers = self._notifiers, []
            for notifier in notifiers:
                notifier.close()
            self._folders.clear()
            self._inodes.clear()
            self._todo.clear()

    def _run(self) -> None:
        while True:
            self._work.wait()
            if self._is_closed:
                return
            if self._todo:
                with self._lock:
                    self._mark(FOLDERS_AT_ONCE)
                time.sleep(0.001)  # a cell may be waiting for the lock
                continue
            time.sleep(_PAUSE_SECONDS)
            with self._lock:
                if any(notifier.queued_bytes() > _FULL_BYTES for notifier in self._notifiers):
                    self._read()

    def _read(self) -> None:
        for notifier in self._notifiers:
            notices, is_lossy = notifier.collect()
            self._is_lossy = self._is_lossy or is_lossy
            for notice in notices:
                bits = notice[1]
                if not bits & FOLDER:
                    self._pending.append(notice)
                elif bits & (CREATED | MOVED_HERE):
                    self._appeared(notice)

    def _appeared(self, notice: Notice) -> None:
        """A new folder is watched too. What was put there before we came is found by looking."""
        folder, _, pid = notice
        waiting, self._todo = self._todo, deque([(folder, True)])
        before = list(self._folders)
        self._mark(FOLDERS_AT_ONCE)
        self._todo.extend(waiting)
        for each in self._folders.keys() - before:
            try:
                with os.scandir(each) as entries:
                    self._pending += [(entry.path, CREATED, pid) for entry in entries if not entry.is_dir()]
            except OSError:
                continue

    def _mark(self, most: int) -> None:
        """Watch the next folders of the list; their subfolders go to its end."""
        for _ in range(most):
            if not self._todo:
                return
            folder, is_new = self._todo.popleft()
            if self._is_noise(folder):
                continue
            if len(self._folders) >= self._most_folders:
                self._lowered_by(f"there are more than {self._most_folders} folders (capture.largest_watch)")
                self._todo.clear()
                return
            self._mark_one(folder, is_new)

    def _mark_one(self, folder: str, is_new: bool) -> None:
        try:
            info = os.stat(folder)
            is_link = os.path.islink(folder)
            # A link to what is watched already, or a circle. (The number of a deleted folder is given again.)
            if (is_link or not is_new) and (info.st_dev, info.st_ino) in self._inodes:
                return
            if is_link and self._roots[0].startswith(os.path.realpath(folder).rstrip("/") + "/"):
                return  # a link upwards would take in the user's whole home
            by = self._take(folder)
            if not by:
                return
            self._inodes.add((info.st_dev, info.st_ino))
            self._folders[folder] = by
            with os.scandir(folder) as entries:
                self._todo.extend((entry.path, is_new) for entry in entries if entry.is_dir())
        except FileNotFoundError:  # gone meanwhile
            if folder in self._roots:
                self._lowered_by(f"{folder} does not exist (capture.roots)")
        except OSError as error:
            if folder in self._roots or error.errno == errno.ENOSPC:
                self._lowered_by(f"{folder} cannot be watched: {error.strerror or error}")

    def _take(self, folder: str) -> str:
        """Who watches it: the first that can. Another one is made only when it is needed."""
        last: OSError | None = None
        for notifier in self._candidates():
            try:
                notifier.add(folder)
            except OSError as error:
                if error.errno not in (*_REFUSED_HERE, errno.ENOSPC):
                    raise
                last = error
            else:
                self._used.add(notifier.name)
                return notifier.name
        if last is not None:
            self._lowered_by(f"{folder} cannot be watched: {last.strerror}")
        return ""

    def _candidates(self) -> Iterator[Notifier]:
        yield from self._notifiers
        while self._makers:
            make = self._makers.pop(0)
            try:
                made = make()
            except OSError as error:
                self._problems[f"{make.__name__.lower()} is not to be had: {error.strerror or error}"] = None
                continue
            self._notifiers.append(made)
            yield made

    def _lowered_by(self, problem: str) -> None:
        self._is_whole = False
        self._problems[problem] = None

    def forget(self) -> None:
        """In a forked child: the queue is the parent's."""
        self._is_closed = True
        self._lock = threading.RLock()
        notifiers, self._notifiers = self._notifiers, []
        for notifier in notifiers:
            notifier.close()


_living: weakref.WeakSet[Watch] = weakref.WeakSet()


def _after_fork() -> None:
    for watch in list(_living):
        watch.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
