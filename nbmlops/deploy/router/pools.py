"""Which revision answers, by which of its replicas; and what each has answered."""

from __future__ import annotations

import asyncio
from collections import deque

from nbmlops.deploy.router.backend import Backend
from nbmlops.errors import UnavailableError
from nbmlops.model.deployment import Traffic

_NEWEST = 1000
WAIT_SECONDS = 10.0
"""For a replica that is being started again."""
MOST_WAITING = 1024
_SUSPENDED_SECONDS = 0.5


class Pool:
    """The ready replicas of one revision."""

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self._ready: list[Backend] = []
        self._has_ready = asyncio.Event()
        self._waiting = 0
        self._seconds: deque[float] = deque(maxlen=_NEWEST)
        self.requests = 0
        self.failed = 0
        self.differing = 0
        self._next = 0

    @property
    def is_ready(self) -> bool:
        return bool(self._ready)

    @property
    def ready(self) -> list[tuple[int, Backend]]:
        """With their numbers."""
        return sorted(((each.number, each) for each in self._ready), key=lambda each: each[0])

    def add(self, backend: Backend) -> None:
        if backend not in self._ready:
            self._ready.append(backend)
        self._has_ready.set()

    def remove(self, backend: Backend) -> None:
        if backend in self._ready:
            self._ready.remove(backend)
        if not self._ready:
            self._has_ready.clear()

    def suspend(self, backend: Backend) -> None:
        """It has not answered. Whoever watches over it removes it in a moment, or it was not so bad."""

        def back() -> None:
            if not backend.is_closed:
                self.add(backend)

        if backend in self._ready:
            self.remove(backend)
            asyncio.get_running_loop().call_later(_SUSPENDED_SECONDS, back)

    async def pick(self) -> Backend:
        """The one with the least to do, in turn. Raises UnavailableError where none comes up in time."""
        if not self._ready:
            await self._wait()
        self._next += 1
        count = len(self._ready)
        turn = (self._ready[(self._next + n) % count] for n in range(count))
        return min(turn, key=lambda each: each.under_way)

    async def _wait(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise _unavailable()
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not self._ready:
                    await self._has_ready.wait()
        except TimeoutError:
            raise _unavailable() from None
        finally:
            self._waiting -= 1

    def note(self, status: int, seconds: float) -> None:
        self.requests += 1
        self.failed += status >= 500
        self._seconds.append(seconds)

    def traffic(self) -> Traffic:
        newest = sorted(self._seconds)
        return Traffic(
            requests=self.requests,
            failed=self.failed,
            p50=newest[len(newest) // 2] if newest else 0.0,
            p99=newest[int(len(newest) * 0.99)] if newest else 0.0,
            differing=self.differing,
        )


class Pools:
    """All revisions, and the shares of them."""

    def __init__(self) -> None:
        self._pools: dict[int, Pool] = {}
        self._stable = self._canary = self._percent = self.shadow = 0
        self._due = 0

    def of(self, revision: int) -> Pool:
        return self._pools.setdefault(revision, Pool(revision))

    def drop(self, revision: int) -> None:
        self._pools.pop(revision, None)

    @property
    def is_ready(self) -> bool:
        """Whether the revision that answers has a replica that can."""
        stable = self._pools.get(self._stable)
        return stable is not None and stable.is_ready

    def all(self) -> tuple[Pool, ...]:
        return tuple(pool for _, pool in sorted(self._pools.items()))

    def known(self, revision: int) -> Pool | None:
        return self._pools.get(revision)

    def share(self, stable: int, canary: int, percent: int, shadow: int) -> None:
        self._stable, self._canary, self._percent, self.shadow = stable, canary, percent, shadow

    def choose(self) -> Pool:
        """Exactly the share of requests goes to the canary, evenly spread. While it is not ready, none.

        Raises UnavailableError where no revision answers.
        """
        canary = self._pools.get(self._canary) if self._percent else None
        if canary is not None and canary.is_ready:
            self._due += self._percent
            if self._due >= 100:
                self._due -= 100
                return canary
        if not self._stable:
            raise UnavailableError("No revision answers yet.", kind="no-revision", hint="Ask again soon.")
        return self.of(self._stable)


def _unavailable() -> UnavailableError:
    return UnavailableError("No replica is ready.", kind="no-replica", hint="Ask again in a moment.")
