"""A server that is started, asked over several kept connections for a while, and stopped."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

CONNECTIONS = 8
TOKEN = "measured"
_SECONDS = 4.0
_ROUNDS = 3


class Asked(NamedTuple):
    path: str
    body: bytes
    """JSON."""


class Load(NamedTuple):
    """Of one round."""

    rate: float
    """Requests a second."""
    p99: float
    """Seconds."""


class Served(NamedTuple):
    loads: list[Load]
    ready: float
    """Seconds from the start of the process to its first answer."""
    memory: float
    """MB that are resident, of it and its children."""

    @property
    def rate(self) -> float:
        return statistics.median(each.rate for each in self.loads)

    @property
    def p99(self) -> float:
        return statistics.median(each.p99 for each in self.loads)


def served(command: Sequence[str], port: int, asked: Asked, folder: Path | None = None) -> Served:
    env = {**os.environ, "NBMLOPS_TOKEN": TOKEN, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    try:
        _wait(port, asked)
        ready = time.perf_counter() - began
        _load(port, asked, 1.0)  # to warm up
        return Served([_load(port, asked, _SECONDS) for _ in range(_ROUNDS)], ready, _memory(process.pid))
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def first_answer(command: Sequence[str], port: int, asked: Asked) -> float:
    """Seconds from the start of the process."""
    env = {**os.environ, "NBMLOPS_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    try:
        _wait(port, asked)
        return time.perf_counter() - began
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def ports(count: int) -> list[int]:
    """Free ones."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


def _wait(port: int, asked: Asked) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{asked.path}", asked.body, headers)
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(request, timeout=10).close()
            return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, "nobody answers"
            time.sleep(0.02)


def _load(port: int, asked: Asked, seconds: float) -> Load:
    found = asyncio.run(_together(port, asked, seconds))
    return Load(rate=len(found) / seconds, p99=sorted(found)[int(len(found) * 0.99)])


async def _together(port: int, asked: Asked, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    parts = await asyncio.gather(*(_one(port, asked, until) for _ in range(CONNECTIONS)))
    return [each for part in parts for each in part]


async def _one(port: int, asked: Asked, until: float) -> list[float]:
    """Seconds of each request of one connection, which is kept."""
    head = (
        f"POST {asked.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(asked.body)}\r\n\r\n"
    )
    request = head.encode() + asked.body
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    while (began := time.perf_counter()) < until:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        found.append(time.perf_counter() - began)
    writer.close()
    return found


def _memory(pid: int) -> float:
    command = ["ps", "-o", "rss=", "--ppid", str(pid), "--pid", str(pid)]
    children = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return sum(map(int, children)) / 1000
