"""Runs a command while it holds a Lease of Kubernetes, inside of a pod.

    python -m nbmlops.hosts.under_lease --lease nbmlops-wine -- sh /scripts/tick.sh nbmlops reconcile --once

The Lease has to be there, and the pod's service account has to be allowed to get and update it. Somebody else's is left
alone, and then nothing is run (exit code 0). It is renewed while the command runs; a command whose lease could not be
renewed in time is ended. Time is the cluster's: the clock of a node may be wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from nbmlops.errors import ConflictError, NbmlopsError, StateError
from nbmlops.hosts.lease_client import Held, Leases

_SHARE = 3
"""Renewals within the time that a lease is good for."""
_GRACE_SECONDS = 30.0
_LOST = 1


def run_under_lease(leases: Leases, holder: str, command: Sequence[str], *, seconds: float | None = None) -> int:
    """The command's exit code. Raises ConflictError where somebody else holds the lease, StateError where it was lost.

    `seconds`: that a lease is good for; by default as the Lease says.
    """
    held = leases.take(holder)
    good_for = float(held.seconds) if seconds is None else seconds
    process = subprocess.Popen(command)
    try:
        with _passing_signals_on(process):
            held = _renewed_until_end(leases, held, process, good_for)
        return process.returncode
    finally:
        _end(process)
        with contextlib.suppress(NbmlopsError):
            leases.give_back(held)


def _renewed_until_end(leases: Leases, held: Held, process: subprocess.Popen[bytes], good_for: float) -> Held:
    last = time.monotonic()
    while True:
        try:
            process.wait(good_for / _SHARE)
            return held
        except subprocess.TimeoutExpired:
            pass
        began = time.monotonic()
        try:
            held = leases.renew(held)
            last = began
        except ConflictError as error:
            _end(process)
            raise StateError(
                "Somebody else has taken the lease: the command was ended.", kind="lease-lost", hint=error.message
            ) from error
        except NbmlopsError as error:
            if time.monotonic() - last >= good_for * (_SHARE - 1) / _SHARE:
                _end(process)
                raise StateError(
                    "The lease could not be renewed in time: the command was ended.",
                    kind="lease-lost",
                    hint=error.message,
                ) from error


@contextlib.contextmanager
def _passing_signals_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A pod is told to end by SIGTERM to its first process, which is this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="nbmlops.hosts.under_lease")
    parser.add_argument("--lease", required=True)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    try:
        return run_under_lease(Leases.of_pod(asked.lease), socket.gethostname(), asked.command)
    except ConflictError as error:
        print(f"nbmlops: {error}", file=sys.stderr)  # noqa: T201 - a pod's log is where people look
        return 0
    except NbmlopsError as error:
        print(f"nbmlops: {error}", file=sys.stderr)  # noqa: T201
        return _LOST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
