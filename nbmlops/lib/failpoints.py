"""Places where a test can make the world end: the process is killed, or the disk refuses, at the n-th of them.

    NBMLOPS_FAILPOINT=kill@7            the seventh point that is passed, whichever it is
    NBMLOPS_FAILPOINT=EIO@1:pack-sync   the first of that name raises OSError(EIO)

Without the variable a point costs one comparison.
"""

from __future__ import annotations

import errno
import os
import signal

VARIABLE = "NBMLOPS_FAILPOINT"

_wish = os.environ.get(VARIABLE, "")
_passed = 0


def failpoint(name: str) -> None:
    if _wish:
        _pass(name)


def _pass(name: str) -> None:
    global _passed
    action, _, where = _wish.partition("@")
    number, _, wanted = where.partition(":")
    if wanted and wanted != name:
        return
    _passed += 1
    if _passed != int(number):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(getattr(errno, action), os.strerror(getattr(errno, action)))
