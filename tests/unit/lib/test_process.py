from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbmlops.lib.process import boot_id, output_of, process_started, run

PYTHON = sys.executable


def test_the_output_of_a_command_is_what_it_printed(tmp_path: Path) -> None:
    command = [PYTHON, "-c", "import os; print(os.getcwd())"]
    assert output_of(command, folder=tmp_path) == f"{tmp_path}\n".encode()


def test_a_command_that_is_missing_fails_or_takes_too_long_has_no_output(tmp_path: Path) -> None:
    assert output_of(["nbmlops-no-such-command"], folder=tmp_path) is None
    assert output_of([PYTHON, "-c", "print(1); raise SystemExit(3)"], folder=tmp_path) is None
    assert output_of([PYTHON, "-c", "print(1)"], folder=tmp_path / "missing") is None
    began = time.monotonic()
    assert output_of([PYTHON, "-c", "import time; time.sleep(60)"], folder=tmp_path, timeout_seconds=0.2) is None
    assert time.monotonic() - began < 30


def test_a_command_never_waits_for_the_keyboard(tmp_path: Path) -> None:
    assert output_of([PYTHON, "-c", "import sys; print(repr(sys.stdin.read()))"], folder=tmp_path) == b"''\n"


def test_a_process_keeps_its_start_and_loses_it_when_it_ends(tmp_path: Path) -> None:
    child = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = process_started(child.pid)
        assert started > 0
        assert process_started(child.pid) == started
    finally:
        child.kill()
        deadline = time.monotonic() + 10
        while process_started(child.pid) != -1 and time.monotonic() < deadline:
            time.sleep(0.01)
        as_zombie = process_started(child.pid)
        child.communicate()
    assert as_zombie == -1
    assert process_started(child.pid) == -1


def test_a_process_whose_name_has_spaces_and_brackets_is_read_right(tmp_path: Path) -> None:
    odd = tmp_path / "a) b (c"
    odd.symlink_to(PYTHON)
    child = subprocess.Popen([odd, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert process_started(child.pid) >= process_started(os.getpid())
    finally:
        child.kill()
        child.communicate()


def test_the_boot_has_one_id() -> None:
    assert boot_id() == boot_id() != ""


def test_a_command_is_given_data_and_tells_its_code_and_what_it_said(tmp_path: Path) -> None:
    script = "import sys; print(sys.stdin.read()); print('no', file=sys.stderr); raise SystemExit(3)"
    ended = run([PYTHON, "-c", script], folder=tmp_path, timeout_seconds=60, data=b"given")
    assert ended == (3, b"given\n", b"no\n")
    said = run([PYTHON, "-c", "import os; print(os.environ.get('A'))"], folder=tmp_path, timeout_seconds=60,
               environment={"A": "b"})  # fmt: skip
    assert said.output == b"b\n"


def test_what_takes_too_long_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", "sleep 60 & echo $! > pid; wait"], folder=tmp_path, timeout_seconds=2, is_apart=True)
    pid = int((tmp_path / "pid").read_text())
    for _ in range(200):
        if process_started(pid) == -1.0:
            return
        time.sleep(0.05)
    raise AssertionError("it goes on")
