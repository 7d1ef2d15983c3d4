"""One holder at a time, also of several processes, and after one was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from nbmlops.reconcile.lease import Holder, Lease

HOLD = """
import sys, time
from pathlib import Path
from nbmlops.reconcile.lease import Lease
lease = Lease(Path(sys.argv[1]), "a", beat=0.05)
print(lease.take() is None, flush=True)
lease.beating()
time.sleep(60)
"""
CONTEND = """
import os, sys
from pathlib import Path
from nbmlops.reconcile.lease import Lease
folder = Path(sys.argv[1])
count = 0
while count < 40:
    lease = Lease(folder, "a", beats=False)
    with lease.taken() as other:
        if other is None:
            # Alone, or this fails.
            handle = os.open(folder / "alone", os.O_CREAT | os.O_EXCL)
            assert lease.held()
            os.close(handle)
            os.unlink(folder / "alone")
            count += 1
print("done")
"""


def holder(lease: Lease, **changes: object) -> None:
    found = msgspec.json.decode(lease.path.read_bytes(), type=Holder)
    lease.path.write_bytes(msgspec.json.encode(msgspec.structs.replace(found, **changes)))


def test_one_has_it_and_another_gets_it_afterwards(tmp_path: Path) -> None:
    one, other = Lease(tmp_path, "a"), Lease(tmp_path, "a")
    assert one.take() is None
    assert one.held()
    found = other.take()
    assert found is not None
    assert (found.pid, str(found)) == (os.getpid(), f"process {os.getpid()} on {found.host}")
    assert not other.held()
    other.give_back()
    assert one.held()
    assert Lease(tmp_path, "b", beats=False).take() is None
    one.give_back()
    assert not one.held()
    assert other.holder() is None
    with other.taken() as nobody:
        assert nobody is None
        assert other.held()


def test_somebody_who_was_killed_is_followed_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        lease = Lease(tmp_path, "a")
        found = lease.take()
        assert found is not None
        assert found.pid == process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert lease.take() is None
    lease.give_back()


@pytest.mark.parametrize("machine", [None, "elsewhere"])
def test_somebody_who_was_not_heard_of_is_followed_and_stops(tmp_path: Path, machine: str | None) -> None:
    stuck, other = Lease(tmp_path, "a", beats=False), Lease(tmp_path, "a")
    assert stuck.take() is None
    there = {"machine": machine} if machine else {}
    holder(stuck, beat=time.time() - 59, ticks=time.monotonic() - 59, **there)
    assert other.take() is not None
    holder(stuck, beat=time.time() - 61, ticks=time.monotonic() - 61, **there)
    assert other.take() is None
    assert not stuck.held()
    assert not stuck.beat()
    stuck.give_back()
    assert other.held()
    other.give_back()


def test_a_clock_that_was_set_makes_nobody_stale_here(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "a")
    with lease.taken():
        holder(lease, beat=time.time() - 1e6)
        assert Lease(tmp_path, "a").take() is not None
        holder(lease, beat=time.time() + 1e6)
        assert Lease(tmp_path, "a").take() is not None


def test_a_number_that_another_process_has_now_is_no_holder(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "a", beats=False)
    assert lease.take() is None
    holder(lease, started=1.0)
    assert Lease(tmp_path, "a").holder() is None


def test_its_heart_beats_while_it_is_held(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "a", beat=0.01)
    with lease.taken():
        lease.beating()
        first = msgspec.json.decode(lease.path.read_bytes(), type=Holder)
        deadline = time.monotonic() + 30
        while (now := msgspec.json.decode(lease.path.read_bytes(), type=Holder)) == first:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert (now.token, now.since) == (first.token, first.since)
        assert now.ticks > first.ticks
    assert "nbmlops-lease" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"\xff", b"null"])
def test_what_is_no_lease_is_nobody_s(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.lease").write_bytes(data)
    lease = Lease(tmp_path, "a", beats=False)
    assert lease.holder() is None
    assert lease.take() is None


def test_processes_that_want_it_at_once_have_it_one_after_the_other(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONTEND, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in processes] == ["done\n", "done\n"]
