"""How often and after how long something is tried again."""

from __future__ import annotations

import random

from nbmlops.errors import InterruptedRunError, UnavailableError
from nbmlops.lib.stop import Stop

ATTEMPTS = 6
UNKNOWN_ATTEMPTS = 2
"""For a registry that has never answered: its name may simply be wrong."""
FIRST_SECONDS = 0.4
MOST_SECONDS = 20.0
MOST_ASKED_SECONDS = 90.0
"""A registry that wants to be left alone for longer is left alone: the user is told."""


class Patience:
    """For one piece of work. It is bounded by tries without progress, never by size or time."""

    def __init__(self, stop: Stop | None = None) -> None:
        self._stop = stop or Stop()
        self._failed = 0

    def renew(self) -> None:
        """Something has moved."""
        self._failed = 0

    def wait(self, error: UnavailableError, *, is_known: bool = True) -> None:
        """Sleep before the next try. Raises the error when it was the last, InterruptedRunError when asked to stop."""
        self._failed += 1
        asked = float(error.facts.get("retry_after", 0.0))
        if self._failed >= (ATTEMPTS if is_known else UNKNOWN_ATTEMPTS) or asked > MOST_ASKED_SECONDS:
            raise error
        wait = min(MOST_SECONDS, FIRST_SECONDS * 2 ** (self._failed - 1))
        # Without the randomness all that failed together would come back together.
        if self._stop.wait(max(asked, wait) * random.uniform(1.0, 1.5) if asked else wait * random.uniform(0.5, 1.0)):
            raise stopped()


def stopped() -> InterruptedRunError:
    return InterruptedRunError(
        "The transfer was stopped.", kind="transfer-stopped", hint="Run it again: what has arrived is kept."
    )
