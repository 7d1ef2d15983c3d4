"""One row at a time over 8 connections: our service against `mlflow models serve`, the same scikit-learn pipeline."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import Row

CONNECTIONS = 8
SECONDS = 4.0
ROUNDS = 3
COLUMNS = 11
_TOKEN = "measured"
_MAKE = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy as np, pandas as pd
from sklearn.linear_model import ElasticNet
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
chance = np.random.default_rng(0)
x = pd.DataFrame(chance.normal(size=(500, {columns})), columns=[f"c{{n}}" for n in range({columns})])
model = make_pipeline(StandardScaler(), ElasticNet(alpha=0.01)).fit(x, x["c0"] * 2 + x["c1"])
mlflow.sklearn.save_model(model, sys.argv[1], signature=mlflow.models.infer_signature(x, model.predict(x)),
                          input_example=x.head(3), pip_requirements=["scikit-learn"])
"""


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


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        model = Path(name) / "model"
        subprocess.run(
            [sys.executable, "-c", _MAKE.format(columns=COLUMNS), str(model)], check=True, capture_output=True
        )
        ports = _ports(2)
        ours = _served([sys.executable, "-m", "nbmlops.serve", str(model), "--port", str(ports[0])], ports[0])
        mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
        peer = _served([*mlflow, "--host", "127.0.0.1", "--port", str(ports[1])], ports[1])
    rate, peer_rate = (statistics.median(each.rate for each in side.loads) for side in (ours, peer))
    p99, peer_p99 = (statistics.median(each.p99 for each in side.loads) for side in (ours, peer))
    print(f"serve: {rate:.0f} requests/s, p99 {p99 * 1000:.1f} ms; mlflow {peer_rate:.0f}, {peer_p99 * 1000:.1f} ms",
          file=sys.stderr)  # fmt: skip
    return (
        Row(what=f"seconds a request, {CONNECTIONS} connections, against mlflow models serve", ours=1 / rate,
            peer=1 / peer_rate, value=peer_rate / rate, bar=1 / 6),
        Row(what="p99 of the same", ours=p99, peer=peer_p99, value=p99 / peer_p99, bar=0.25),
        Row(what="from start to the first answer", ours=ours.ready, peer=peer.ready, value=ours.ready / peer.ready,
            bar=0.25),
        Row(what="resident memory (MB)", ours=ours.memory, peer=peer.memory, value=ours.memory / peer.memory, bar=0.45),
    )  # fmt: skip


def _served(command: Sequence[str], port: int) -> Served:
    env = {**os.environ, "NBMLOPS_TOKEN": _TOKEN, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    try:
        _wait(port)
        ready = time.perf_counter() - began
        _load(port, 1.0)  # to warm up
        return Served([_load(port, SECONDS) for _ in range(ROUNDS)], ready, _memory(process.pid))
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def _body() -> bytes:
    names = [f"c{n}" for n in range(COLUMNS)]
    return json.dumps({"dataframe_split": {"columns": names, "data": [[0.1 * n for n in range(COLUMNS)]]}}).encode()


def _wait(port: int) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {_TOKEN}"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", _body(), headers)
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(asked, timeout=10).close()
            return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, "nobody answers"
            time.sleep(0.02)


def _load(port: int, seconds: float) -> Load:
    found = asyncio.run(_together(port, seconds))
    return Load(rate=len(found) / seconds, p99=sorted(found)[int(len(found) * 0.99)])


async def _together(port: int, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    parts = await asyncio.gather(*(_one(port, until) for _ in range(CONNECTIONS)))
    return [each for part in parts for each in part]


async def _one(port: int, until: float) -> list[float]:
    """Seconds of each request of one connection, which is kept."""
    body = _body()
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {_TOKEN}\r\n"
    )
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
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


def _ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found
