"""Whose journal it is, and whether that process still lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nbmlops.track.journal import Journal, JournalPen

ASKING = """
import sys
from pathlib import Path
from nbmlops.track.journal import Journal
print(Journal(Path(sys.argv[1]), "01own").kernel_lives())
"""


def lives(spool: Path) -> str:
    """What another process thinks."""
    command = [sys.executable, "-c", ASKING, str(spool)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_a_process_that_asks_of_its_own_journal_does_not_lose_it(tmp_path: Path) -> None:
    pen = JournalPen(tmp_path, "01own")
    assert Journal(tmp_path, "01own").kernel_lives()
    assert lives(tmp_path) == "True"
    pen.close()
    assert not Journal(tmp_path, "01own").kernel_lives()
    assert lives(tmp_path) == "False"


def test_a_journal_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    assert not Journal(tmp_path, "01gone").kernel_lives()
