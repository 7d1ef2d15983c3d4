"""What several threads that move blobs share: who is told, and whether to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from nbmlops.lib.stop import Stop
from nbmlops.package.registry.patience import stopped

Told = Callable[[str, int, int], None]
"""Hears the digest of a blob, how many bytes of it are done, and how many it has. One call at a time."""


class Watch:
    def __init__(self, told: Told = lambda digest, done, size: None) -> None:
        self.stop = Stop()
        self._told = told
        self._lock = threading.Lock()

    def tell(self, digest: str, done: int, size: int) -> None:
        """Raises InterruptedRunError where the others have failed or the user has had enough."""
        if self.stop.is_asked:
            raise stopped()
        with self._lock:
            self._told(digest, done, size)
