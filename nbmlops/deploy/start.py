"""Starting the router of a deployment, so that it outlives whoever starts it; and stopping it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

from nbmlops.deploy.__main__ import bound
from nbmlops.deploy.control import ask
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.deploy.supervise.log_file import last_line, open_log
from nbmlops.errors import ConflictError, ExternalError, UnavailableError
from nbmlops.lib.process import process_started
from nbmlops.lib.waiting import readable
from nbmlops.model.deployment import Status

FIRST_PORT, LAST_PORT = 8090, 8189
_START_SECONDS = 30.0
_STOP_SECONDS = 90.0
_LOOK_SECONDS = 0.05


def is_running(folder: DeploymentFolder) -> bool:
    try:
        ask(folder.sockets(), "status")
    except UnavailableError:
        return False
    return True


def ensure_running(folder: DeploymentFolder) -> Status:
    """Its router, which makes so what is wanted. Raises ExternalError with its last words where it does not come up."""
    if is_running(folder):
        return ask(folder.sockets(), "apply")
    ended = _started(folder)
    until = time.monotonic() + _START_SECONDS
    try:
        while time.monotonic() < until and not readable(ended, _LOOK_SECONDS):
            with contextlib.suppress(UnavailableError):
                return ask(folder.sockets(), "status")
    finally:
        os.close(ended)
    raise ExternalError(
        f"The router of {folder.name} did not start: {last_line(folder.router_log)}",
        kind="router-failed",
        hint=f"See nbmlops logs {folder.name} --router",
    )


def _started(folder: DeploymentFolder) -> int:
    """A pipe that ends when the router does. It is nobody's child: whoever starts it need not wait for its end."""
    ended, held = os.pipe()
    try:
        with open_log(folder.router_log) as log:
            subprocess.run(
                ["/bin/sh", "-c", '"$0" "$@" &', sys.executable, "-P", "-m", "nbmlops.deploy", str(folder.path)],
                cwd=folder.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(held,),
                check=True,
            )
    finally:
        os.close(held)
    return ended


def stop(folder: DeploymentFolder) -> None:
    """What is being answered is answered. Raises ExternalError where it does not end."""
    try:
        pid = ask(folder.sockets(), "stop").pid
    except UnavailableError:
        return
    started = process_started(pid)
    until = time.monotonic() + _STOP_SECONDS
    while process_started(pid) == started and started >= 0:
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise ExternalError(
                f"The router of {folder.name} did not end and was killed.",
                kind="router-stuck",
                hint=f"See nbmlops logs {folder.name} --router",
            )
        time.sleep(_LOOK_SECONDS)


def free_port(host: str, taken: set[int]) -> int:
    """Raises ConflictError where none of those that are tried can be had."""
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port in taken:
            continue
        with contextlib.suppress(ConflictError):
            bound(host, port).close()
            return port
    raise ConflictError(
        f"No port from {FIRST_PORT} to {LAST_PORT} of {host} can be had.",
        kind="port-taken",
        hint="Name one with --port.",
    )
