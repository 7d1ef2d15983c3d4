"""A kernel that was forked with its step, behind the interface by which Jupyter starts and stops kernels."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from nbmlops.lib.waiting import readable
from nbmlops.pipeline.warm.nursery import KERNEL_VARIABLE

NAME = "nbmlops-warm"
"""Of the provisioner, in the entry points and in kernel specs."""


def use_warm_kernel(manager: Any) -> bool:
    """Let a manager take the kernel that waits for this step, if there is one and the spec asks for such a one."""
    if KERNEL_VARIABLE not in os.environ:
        return False
    program, *arguments = manager.kernel_spec.argv or [""]
    is_ours = Path(program).name.startswith("python") and arguments[:2] == ["-m", "ipykernel_launcher"]
    is_this_python = not os.path.isabs(program) or os.path.samefile(program, sys.executable)
    if not (is_ours and is_this_python):
        return False
    manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME}
    return True


class WarmProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Registered as a kernel provisioner; a kernel can be had once per step."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        place = os.environ.pop(KERNEL_VARIABLE, "")
        if not place:
            return await super().launch_kernel(cmd, **kwargs)
        descriptor, pid, code = place.split(":")
        self.process = _Process(int(pid), int(code))
        self.pid, self.pgid = int(pid), int(pid)
        environment = {**kwargs.get("env", os.environ), "JPY_PARENT_PID": str(os.getpid())}
        environment.pop(KERNEL_VARIABLE, None)
        # It stays open: that it closes is how the kernel learns that the step has ended.
        self._kernel = socket.socket(fileno=int(descriptor))
        told = {
            "arguments": cmd[cmd.index("ipykernel_launcher") + 1 :],
            "environment": environment,
            "folder": str(kwargs.get("cwd") or os.getcwd()),
        }
        self._kernel.sendall(json.dumps(told).encode() + b"\n")
        return self.connection_info


class _Process:
    """What Jupyter asks of a Popen, for a process that is somebody else's child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, code: int) -> None:
        """`code`: a pipe through which its parent tells how it has ended."""
        self.pid = pid
        self.returncode: int | None = None
        self._code = code
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._descriptor, self.returncode = -1, 1

    def poll(self) -> int | None:
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int | None:
        return self._look(timeout)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._descriptor, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and readable(self._descriptor, seconds):
            os.close(self._descriptor)
            with os.fdopen(self._code) as told:
                self.returncode = int(told.readline() or 1)
        return self.returncode
