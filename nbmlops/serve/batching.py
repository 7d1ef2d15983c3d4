"""Requests that wait at the same time are scored together.

Nobody waits for company: what has come while the last batch was scored is the next one. So a lone caller is answered at
once, and many share the model's fixed cost. Scoring that takes next to no time is done where it is; else in a thread of
its own, so that probes are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from nbmlops.serve.limits import MOST_WAITING, SECONDS
from nbmlops.serve.rows import Array
from nbmlops.serve.threads import within
from nbmlops.serve.words import hanging, queue_full

MOST_ROWS = 4096
"""Of a batch; a request with more is one alone."""
_AT_ONCE_SECONDS = 0.0005
_AT_ONCE_ROWS = 256
_MOST_SIZES = 100_000
_SHARE = 0.2
"""Of the last batch in what is expected of the next."""

Scored = Callable[[Array], Any]
_Asked = tuple[Array, "asyncio.Future[Any]"]


class Batcher:
    """For one model and one event loop. `score` takes rows and gives as many answers; it may raise.

    `ends` says that it never hangs: only then is it asked without a thread.
    """

    def __init__(
        self,
        score: Scored,
        *,
        most_rows: int = MOST_ROWS,
        most_waiting: int = MOST_WAITING,
        seconds: float = SECONDS,
        ends: bool = True,
    ) -> None:
        self._score = score
        self._limit = seconds
        self._ends = ends
        self._began: float | None = None
        self._most_rows = most_rows
        self._most_waiting = most_waiting
        self._waiting: deque[_Asked] = deque()
        self._is_busy = False
        self._thread: ThreadPoolExecutor | None = None
        self._seconds = float("inf")
        """That a batch is expected to take."""
        self._sizes: deque[int] = deque(maxlen=_MOST_SIZES)

    @property
    def waiting(self) -> int:
        """Requests that no batch has yet."""
        return len(self._waiting)

    def taken_sizes(self) -> list[int]:
        """Requests in each batch since this was asked last, of the newest many."""
        found = list(self._sizes)
        self._sizes.clear()
        return found

    def longest(self) -> float:
        """Seconds that the batch takes which is being scored; 0 where none is."""
        began = self._began
        return time.perf_counter() - began if began is not None else 0.0

    async def ask(self, rows: Array) -> Any:
        """Answers for these rows. Raises what the model raises, ExternalError after the limit, UnavailableError where
        too many wait or an earlier batch hangs.
        """
        if self.longest() > self._limit:
            raise hanging()
        if len(self._waiting) >= self._most_waiting:
            raise queue_full()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((rows, future))
        if not self._is_busy:
            self._is_busy = True
            # Not now: others who have come with this one are taken along.
            loop.call_soon(self._next, loop)
        return await within(self._limit, future)

    def close(self) -> None:
        """What is being scored is finished."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._taken()
        if not batch:
            self._is_busy = False
        elif self._is_prompt(batch):
            self._answer(batch, *self._run(batch))
            loop.call_soon(self._next, loop)
        else:
            self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="score")
            run = loop.run_in_executor(self._thread, self._run, batch)
            run.add_done_callback(lambda done: self._done(loop, batch, done))

    def _is_prompt(self, batch: Sequence[_Asked]) -> bool:
        return self._ends and self._seconds < _AT_ONCE_SECONDS and sum(len(rows) for rows, _ in batch) <= _AT_ONCE_ROWS

    def _done(self, loop: asyncio.AbstractEventLoop, batch: list[_Asked], done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            self._answer(batch, *done.result())
        self._next(loop)

    def _taken(self) -> list[_Asked]:
        """Whoever has gone meanwhile is left out."""
        batch: list[_Asked] = []
        rows = 0
        while self._waiting:
            first = self._waiting[0]
            if first[1].done():
                self._waiting.popleft()
                continue
            if batch and (rows + len(first[0]) > self._most_rows or first[0].dtype != batch[0][0].dtype):
                break
            rows += len(first[0])
            batch.append(self._waiting.popleft())
        return batch

    def _run(self, batch: Sequence[_Asked]) -> tuple[list[Any], float]:
        """An answer or an error for each, and the seconds."""
        self._began = began = time.perf_counter()
        parts = [rows for rows, _ in batch]
        found = self._together(parts) if len(parts) > 1 else [self._one(parts[0])]
        self._began = None
        return found, time.perf_counter() - began

    def _together(self, parts: list[Array]) -> list[Any]:
        try:
            whole = self._score(np.concatenate(parts))
        except Exception:  # noqa: BLE001 - one of them may be at fault: each is asked alone
            return [self._one(rows) for rows in parts]
        found, at = [], 0
        for rows in parts:
            found.append(whole[at : at + len(rows)])
            at += len(rows)
        return found

    def _one(self, rows: Array) -> Any:
        try:
            return self._score(rows)
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            return error

    def _answer(self, batch: Sequence[_Asked], found: Sequence[Any], seconds: float) -> None:
        self._seconds = seconds if self._seconds == float("inf") else self._seconds * (1 - _SHARE) + seconds * _SHARE
        self._sizes.append(len(batch))
        for (_, future), answer in zip(batch, found, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
