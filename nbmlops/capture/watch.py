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

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable

from nbmlops.capture.folders import WatchedFolders
from nbmlops.capture.inotify import Inotify
from nbmlops.capture.notices import CLOSED_WRITTEN, CREATED, FOLDER, MOVED_HERE, Notice
from nbmlops.model.cell import Completeness

FOLDERS_AT_ONCE = 64
"""So many are watched before `start` returns: the whole of an ordinary project."""
_FULL_BYTES = 1 << 17
_BUSY_SECONDS, _IDLE_SECONDS = 0.1, 1.0
_LONGEST_REST_SECONDS = 10.0
"""After a cell another one is likely to come soon."""


class Watch:
    def __init__(self, roots: Iterable[str], *, is_noise: Callable[[str], bool], most_folders: int) -> None:
        self._folders = WatchedFolders(roots, is_noise=is_noise, most=most_folders)
        self._pending: list[Notice] = []
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        """Set when the thread is to end."""
        self._is_listening = False
        self._begun = 0.0
        self._is_lossy = False

    def start(self) -> None:
        with self._lock:
            self._folders.go_on(FOLDERS_AT_ONCE)
            if self._folders.notifiers:
                _living.add(self)
                self._thread = threading.Thread(target=self._run, name="nbmlops-watch", daemon=True)
                self._thread.start()

    @property
    def name(self) -> str:
        """The source of notices of the first root; empty where there is none."""
        return self._folders.watched_by(self._folders.roots[0])

    @property
    def folders(self) -> int:
        return len(self._folders)

    def add(self, folder: str) -> None:
        """Watch one further folder, outside of the roots."""
        with self._lock:
            self._folders.add(folder)

    def watched_by(self, folder: str) -> str:
        """`fanotify`, `inotify`, or nothing."""
        return self._folders.watched_by(folder)

    def settle(self, patience_seconds: float) -> bool:
        """Wait until all folders are gone through; false when that takes longer."""
        deadline = time.monotonic() + patience_seconds
        while not self._folders.is_done and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._folders.is_done

    def discard(self) -> None:
        """What has happened so far does not count; from here on the thread keeps the queue short."""
        with self._lock:
            self._read()
            self._pending.clear()
            self._is_lossy = False
        self._is_listening, self._begun = True, time.monotonic()

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
        self._is_listening = False

    def level(self) -> tuple[Completeness, tuple[str, ...]]:
        """How much of what happens in the roots is noticed, and what lowers it."""
        folders = self._folders
        reasons = list(folders.problems)
        if self._is_lossy:
            reasons.append("more happened at once than the system's queue holds")
        if folders.notifiers and not folders.is_done:
            reasons.append("the folders were still being gone through")
        if not len(folders) or not folders.is_done or self._is_lossy or not folders.is_whole:
            return Completeness.PARTIAL, tuple(reasons)
        if Inotify.name in folders.used:
            return Completeness.WATCHED, (*reasons, "inotify does not say which process read a file")
        return Completeness.FULL, ()

    def close(self) -> None:
        """Let go of the thread and the file descriptors. Idempotent."""
        self._over.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        with self._lock:
            _living.discard(self)
            self._folders.close()

    def forget(self) -> None:
        """In a forked child: the queue is the parent's, and so was whoever held the lock."""
        self._lock = threading.RLock()
        self._folders.close()

    def _run(self) -> None:
        """Looks by itself, seldom: to be woken by each cell would cost the cell more than all the rest."""
        while not self._over.is_set():
            if not self._folders.is_done:
                with self._lock:
                    self._folders.go_on(FOLDERS_AT_ONCE)
                time.sleep(0.001)  # a cell may be waiting for the lock
                continue
            is_busy = time.monotonic() - self._begun < _LONGEST_REST_SECONDS
            self._over.wait(_BUSY_SECONDS if self._is_listening or is_busy else _IDLE_SECONDS)
            if self._is_listening:
                with self._lock:
                    if any(notifier.queued_bytes() > _FULL_BYTES for notifier in self._folders.notifiers):
                        self._read()

    def _read(self) -> None:
        for notifier in tuple(self._folders.notifiers):
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
        folder, bits, pid = notice
        # In a folder that was moved here the files may be old: their times tell.
        happened = CREATED if bits & CREATED else CLOSED_WRITTEN
        for each in self._folders.appeared(folder, FOLDERS_AT_ONCE):
            try:
                with os.scandir(each) as entries:
                    self._pending += [(entry.path, happened, pid) for entry in entries if not entry.is_dir()]
            except OSError:  # gone again
                continue


_living: weakref.WeakSet[Watch] = weakref.WeakSet()


def _after_fork() -> None:
    for watch in list(_living):
        watch.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
