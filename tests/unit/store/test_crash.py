"""Killed at any point, the store keeps every committed snapshot, returns no wrong byte and goes on working."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("scenario", "least"), [("snapshot", 10), ("restore", 6), ("gc", 10)])
def test_killed_at_every_point_in_turn_nothing_is_lost(tmp_path: Path, scenario: str, least: int) -> None:
    command = [sys.executable, "-m", "tests.unit.store.crash", scenario, str(tmp_path / "project")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= least
