"""Asking work that runs in other threads to end.

stop = Stop()
with stop.ending(process.terminate): ...      # in the thread that works
stop.ask()                                    # in any other
with timing(stop, 5.0) as timed: ...          # timed.stop is asked with it, or after five seconds
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Stop:
    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        """Returns at once; each action goes on in a thread of its own."""
        with self._lock:
            self._asked.set()
            actions, self._actions = self._actions, []
        for action in actions:
            threading.Thread(target=action, daemon=True).start()

    @contextlib.contextmanager
    def ending(self, action: Callable[[], None]) -> Iterator[None]:
        """`action` ends what goes on inside of the block; it is called at most once, also where it was asked before."""
        with self._lock:
            self._actions.append(action)
        if self.is_asked:
            self.ask()
        try:
            yield
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._actions.remove(action)

    def wait(self, seconds: float) -> bool:
        """Sleep, unless asked to stop: whether it was."""
        return self._asked.wait(seconds)


class Timed:
    def __init__(self) -> None:
        self.stop = Stop()
        self.is_over = False

    def _end(self) -> None:
        self.is_over = True
        self.stop.ask()


@contextlib.contextmanager
def timing(stop: Stop, seconds: float) -> Iterator[Timed]:
    """A stop of its own that is also asked after some seconds, if any are given."""
    timed = Timed()
    timer = threading.Timer(seconds, timed._end) if seconds else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        with stop.ending(timed.stop.ask):
            yield timed
    finally:
        if timer is not None:
            timer.cancel()
