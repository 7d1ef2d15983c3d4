"""Of several processes one has the lock; one that is interrupted while it waits takes it from nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from nbmlops.ops.journal_lock import JournalLock

WAITER = """
import sys
from nbmlops.ops.journal_lock import JournalLock
lock = JournalLock(sys.argv[1])
print("waiting", flush=True)
try:
    lock.acquire()
finally:
    lock.release()
"""


def test_an_interrupt_while_waiting_leaves_the_lock_where_it_is(tmp_path: Path) -> None:
    journal = str(tmp_path / "journal.log")
    lock = JournalLock(journal)
    lock.acquire()
    command = [sys.executable, "-c", WAITER, journal]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "waiting\n"
        time.sleep(0.2)
        first.send_signal(signal.SIGINT)
        assert first.wait(30) != 0
    with subprocess.Popen(command, stdout=-1, text=True) as second:
        assert second.stdout is not None
        assert second.stdout.readline() == "waiting\n"
        time.sleep(0.3)
        assert second.poll() is None, "the lock is still held"
        lock.release()
        assert second.wait(30) == 0


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    journal = str(tmp_path / "journal.log")
    code = (
        f"import os; from nbmlops.ops.journal_lock import JournalLock; JournalLock({journal!r}).acquire(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert JournalLock(journal).acquire()
