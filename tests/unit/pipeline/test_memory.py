"""Who counts when a step's memory is measured, and where it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbmlops.errors import StateError
from nbmlops.lib.sizes import bytes_of, size_shown
from nbmlops.pipeline import memory


def test_children_and_theirs_count() -> None:
    inner = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE) as child:
        try:
            family = [child.pid]
            while len(family) < 2:
                family = memory.with_children([child.pid])
                assert child.poll() is None
            assert family[0] == child.pid
            assert family[1] not in (child.pid, os.getpid())
            assert family[1] in memory.with_children([os.getpid()])
        finally:
            child.communicate(b"\n", timeout=60)
    assert memory.with_children([child.pid]) == [child.pid], "who is gone has no children"


def test_where_the_system_does_not_tell_a_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PROC", tmp_path)
    with pytest.raises(StateError, match="cannot be kept on this system"), memory.watching(1, list):
        pass
    with memory.watching(0, list) as watch:
        assert not watch.is_over
    assert memory.oom_kills() == 0


@pytest.mark.parametrize(
    ("text", "size", "shown"),
    [
        ("2GiB", 2**31, "2 GiB"), ("512 MiB", 2**29, "512 MiB"), ("1.5 GB", 1_500_000_000, "1.5 GB"),
        ("1.5GiB", 3 * 2**29, "1.5 GiB"), ("100", 100, "100 bytes"), ("3k", 3000, "3 KB"), ("0", 0, "0 bytes"),
    ],
)  # fmt: skip
def test_sizes_are_read_and_shown(text: str, size: int, shown: str) -> None:
    assert (bytes_of(text), size_shown(size)) == (size, shown)


@pytest.mark.parametrize("text", ["", "much", "-1GB", "2 XB", "1e9", "GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        bytes_of(text)
