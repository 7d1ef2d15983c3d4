"""When something is tried again, and when it is looked at again. Spread by name, not by chance: the same name has the
same spread, and a hundred of them do not come at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from nbmlops.lib.digest import digest_bytes
from nbmlops.model.reconciler import Reconciler

LONGEST_SECONDS = 6 * 3600.0
"""Between two tries, unless `retryInterval` is longer."""
_SPREAD = 0.1
_MOST_DOUBLINGS = 30


def after_failure(spec: Reconciler, failures: int) -> float:
    """Seconds until the next try: doubled with each failure one after the other."""
    doubled: float = spec.retry_interval * 2.0 ** min(max(failures - 1, 0), _MOST_DOUBLINGS)
    return min(doubled, max(LONGEST_SECONDS, spec.retry_interval)) * (1 + _SPREAD * share(spec.name))


def periodic(spec: Reconciler) -> float:
    """Seconds until it is looked at again."""
    return spec.interval * (1 + _SPREAD * share(spec.name))


def longest(spec: Reconciler) -> float:
    """Seconds, beyond which no next attempt can lie: a clock that went back is the reason then."""
    return max(LONGEST_SECONDS, spec.retry_interval, spec.interval) * (1 + _SPREAD)


def share(name: str) -> float:
    """From 0 to below 1."""
    return int(digest_bytes(name.encode())[:12], 16) / 2**48


def later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
