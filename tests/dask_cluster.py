"""A Dask cluster as people start one: a scheduler and workers as processes, on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from nbmlops.lib.process import process_started

START_SECONDS = 60.0
IDLE_SECONDS = 900


class DaskCluster:
    """with DaskCluster(folder) as cluster: DaskEngine(address=cluster.address)"""

    def __init__(self, folder: Path, environment: dict[str, str], *, workers: int = 2, resources: str = "") -> None:
        self._folder = folder
        self._environment = environment
        self._wanted = workers
        self._resources = resources
        self._processes: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def __enter__(self) -> DaskCluster:
        file = self._folder / "scheduler.json"
        own = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        # Where the tests are killed outright, nobody ends it: it does so itself, and its workers with it.
        own += ["--idle-timeout", f"{IDLE_SECONDS}s"]
        self._start("scheduler", *own, "--port", "0", "--scheduler-file", str(file))
        until = time.monotonic() + START_SECONDS
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.05)
        self.address = _address(file)
        for _ in range(self._wanted):
            self.start_worker()
        return self

    def start_worker(self, *more: str, **environment: str) -> int:
        """Without a nanny: a worker that dies is not started again. Its process id."""
        own = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--no-nanny"]
        own += ["--nthreads", "2", "--local-directory", str(self._folder), "--death-timeout", "30"]
        own += ["--resources", self._resources] if self._resources and "--resources" not in more else []
        return self._start("worker", self.address, *own, *more, **environment)

    def kill(self, pid: int) -> None:
        process = next(each for each in self._processes if each.pid == pid)
        process.kill()
        process.wait()
        assert process_started(pid) < 0

    def terminate_workers(self) -> None:
        for process in self._processes[1:]:
            process.terminate()

    def __exit__(self, *error: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, what: str, *arguments: str, **environment: str) -> int:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments],
            cwd=self._folder,
            env={**self._environment, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)
        return process.pid


def _address(file: Path) -> str:
    address: str = json.loads(file.read_text())["address"]
    return address
