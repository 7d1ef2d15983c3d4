"""Ten thousand points of a training loop, against MLflow's own `mlflow.log_metric`, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from benchmarks.table import Row

POINTS = 10_000
PEER_POINTS = 500
"""MLflow's cost per point is the same from the first to the last, so a part of its loop is enough."""
REPEATS = 3
MOST = 1 / 25

CHILD = """
import json, logging, os, sys, time
from pathlib import Path
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
logging.disable(logging.INFO)
from nbmlops.project import Project
from nbmlops.track import address
way, count, root = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
project = Project.init(root)
address.prepare(root, project.uri)
os.environ.update(address.environment(root, project.uri))
session = None
if way != "plain":
    from nbmlops.ops.session import Session
    session = Session(project, notebook=None, namespace={})
    session.sensors.install()
if way == "ours":
    import nbmlops
    from nbmlops.doors.magics import extension
    extension.session = lambda: session
    session.open_cell_run("loop", {})
    log = nbmlops.log_metric
else:
    import mlflow
    mlflow.start_run(experiment_id="0")
    log = mlflow.log_metric
log("warm", 1.0, 0)
if session is not None:
    session.scribe.flush(60)
began = time.perf_counter()
for step in range(count):
    log("loss", 1.0 / (step + 1), step)
loop = time.perf_counter() - began
if session is not None:
    assert session.scribe.flush(60).done
print(json.dumps([loop, time.perf_counter() - began]))
if session is not None:
    session.close(30)
"""


def measure() -> tuple[Row, ...]:
    best: dict[str, tuple[float, float]] = {}
    for _ in range(REPEATS):
        for way in ("plain", "patched", "ours"):
            count = PEER_POINTS if way == "plain" else POINTS
            loop, whole = (seconds * POINTS / count for seconds in _seconds(way, count))
            before = best.get(way, (loop, whole))
            best[way] = (min(before[0], loop), min(before[1], whole))
    _, peer = best["plain"]
    rows = []
    for way, name in (("patched", "mlflow.log_metric in a session"), ("ours", "nbmlops.log_metric")):
        loop, whole = best[way]
        rows += [
            Row(what=f"{name}, {POINTS} times, in MLflow", ours=whole, peer=peer, value=whole / peer, bar=MOST),
            Row(what=f"{name}, {POINTS} times, the loop alone", ours=loop, peer=peer, value=loop / peer, bar=MOST),
        ]
    return tuple(rows)


def _seconds(way: str, count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.run(
            [sys.executable, "-c", CHILD, way, str(count), folder], check=True, capture_output=True, text=True
        )
    loop, whole = json.loads(child.stdout.splitlines()[-1])
    return loop, whole
