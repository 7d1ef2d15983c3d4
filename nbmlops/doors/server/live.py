"""Who looks at which project, and what has changed in it: told as events, and to whoever asks what they missed.

A project is watched while somebody has asked for its changes within the last minute; any number of pages share one
watch. All of this runs on the server's loop; what touches a disk or a server runs in threads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nbmlops.doors.server.documents import Changed, Kind
from nbmlops.doors.server.history import History
from nbmlops.doors.server.watch import Watch
from nbmlops.project import Project

logger = logging.getLogger("nbmlops")

LEASE_SECONDS = 60.0
LOOK_SECONDS = 0.25
_SERVERS = 2
"""Tracking servers that are asked at once."""


class Feed:
    """The changes of one project."""

    def __init__(self) -> None:
        self.history = History()
        self.watch: Watch | None = None
        self.until = 0.0
        self.pending: set[Kind] = set()
        self.opening: asyncio.Future[Watch] | None = None
        self.asking: asyncio.Future[bool] | None = None


class Live:
    def __init__(self, emit: Callable[[Changed], None]) -> None:
        self._emit = emit
        self._feeds: dict[str, Feed] = {}
        self._looking: asyncio.Task[None] | None = None
        # One thread: the connections live in it, and no reader can keep it waiting.
        self._eyes = ThreadPoolExecutor(1, thread_name_prefix="nbmlops-watch")
        self._askers = ThreadPoolExecutor(_SERVERS, thread_name_prefix="nbmlops-server")

    async def lease(self, folder: str, project: Project) -> History:
        """Watch a project for the next minute. What is read of it from now on cannot miss a later change."""
        feed = self._feeds.setdefault(folder, Feed())
        feed.until = time.monotonic() + LEASE_SECONDS
        if feed.opening is not None:
            await asyncio.shield(feed.opening)
        elif feed.watch is None or feed.watch.uri != project.uri:
            await self._open(feed, project)
        self._go_on()
        return feed.history

    async def _open(self, feed: Feed, project: Project) -> None:
        before, feed.watch = feed.watch, None
        feed.history = History()  # what happened unwatched is not known
        feed.opening = asyncio.get_running_loop().run_in_executor(self._eyes, Watch, project)
        try:
            feed.watch = await feed.opening
        finally:
            feed.opening = None
            if before is not None:
                self._eyes.submit(before.close)

    def rev(self, folder: str) -> int:
        feed = self._feeds.get(folder)
        return feed.history.rev if feed is not None else 0

    def note(self, folder: str, kind: Kind) -> None:
        """Something that no store tells, such as the progress of a job."""
        self._feeds.setdefault(folder, Feed()).pending.add(kind)
        self._go_on()

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        watches = [feed.watch for feed in self._feeds.values() if feed.watch is not None]
        self._feeds.clear()
        await asyncio.get_running_loop().run_in_executor(self._eyes, _close, watches)
        self._eyes.shutdown(wait=False)
        self._askers.shutdown(wait=False, cancel_futures=True)

    def _go_on(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        """Until nobody looks any more and all is told."""
        while self._feeds:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look_once()
            except Exception:
                logger.exception("The watch stumbled, and goes on.")

    async def _look_once(self) -> None:
        loop = asyncio.get_running_loop()
        watched = {name: feed.watch for name, feed in self._feeds.items() if feed.watch is not None}
        if watched:
            for name, kinds in (await loop.run_in_executor(self._eyes, _seen, watched)).items():
                if (feed := self._feeds.get(name)) is not None:
                    feed.pending |= kinds
        for name, feed in list(self._feeds.items()):
            self._ask_server(feed)
            self._tell(name, feed)
            if time.monotonic() > feed.until and feed.opening is None:
                del self._feeds[name]
                if feed.watch is not None:
                    await loop.run_in_executor(self._eyes, feed.watch.close)

    def _ask_server(self, feed: Feed) -> None:
        if feed.asking is not None and feed.asking.done():
            if not feed.asking.cancelled() and feed.asking.exception() is None and feed.asking.result():
                feed.pending.add(Kind.RUNS)
            feed.asking = None
        server = feed.watch.server if feed.watch is not None else None
        if server is not None and feed.asking is None and server.is_due:
            feed.asking = asyncio.get_running_loop().run_in_executor(self._askers, server.has_changed)

    def _tell(self, name: str, feed: Feed) -> None:
        if not feed.pending:
            return
        kinds = tuple(kind for kind in Kind if kind in feed.pending)
        feed.pending.clear()
        self._emit(Changed(folder=name, rev=feed.history.add(kinds), changed=kinds))


def _seen(watched: dict[str, Watch]) -> dict[str, set[Kind]]:
    return {name: kinds for name, watch in watched.items() if (kinds := watch.look())}


def _close(watches: list[Watch]) -> None:
    for watch in watches:
        watch.close()
